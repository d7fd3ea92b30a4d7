"""The rules of agents, call sessions and wallets. Knows no HTTP."""
