"""What the ten functions share: edge (HTTP), domain (rules) and store (DynamoDB); each knows only those after it."""

from paidline import cold_start

cold_start.begin()
