"""The shared layer: api (HTTP), domain (rules) and store (DynamoDB). Each package imports only those after it."""

from paidline import cold_start

cold_start.begin()
