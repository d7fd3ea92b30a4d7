"""Paid calls: one request begins a call and holds what it needs, one ends it, and forgotten calls expire."""
