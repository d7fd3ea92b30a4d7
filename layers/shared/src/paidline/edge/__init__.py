"""HTTP: reads a request, authenticates it, answers it. Knows no table."""
