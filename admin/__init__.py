"""The operator's tools, which load data into the tables and audit it."""

# Importing local puts the layer on the path.
import local as local
