"""The operator's tools, which load, verify, restore and report data."""

# Importing local puts the layer on the path.
import local as local
