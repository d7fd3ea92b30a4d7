"""The operator's tools: they load and check what is in the tables."""

# Puts the layer's package on the path.
import local as local
