"""The shared layer: management (the admin function), api (HTTP), domain (rules) and store (DynamoDB).

A package imports only from those after it.
"""

from paidline import cold_start

cold_start.begin()
