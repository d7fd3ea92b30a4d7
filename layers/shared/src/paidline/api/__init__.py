"""The HTTP layer: parses, validates and authenticates requests, builds responses and logs them."""
