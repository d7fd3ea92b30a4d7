"""The version of the package, and so of the deployed code."""

VERSION = "1.0.0"
