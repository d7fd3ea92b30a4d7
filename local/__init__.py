"""The service on one's own machine: an embedded engine, the tables, example data and a gateway."""
