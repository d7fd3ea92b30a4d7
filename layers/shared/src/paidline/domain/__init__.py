"""Business rules of agents, call sessions and wallets, independent of HTTP."""
