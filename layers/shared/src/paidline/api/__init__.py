"""HTTP: reads, validates and authenticates requests, writes responses, logs. Imports domain and store."""
