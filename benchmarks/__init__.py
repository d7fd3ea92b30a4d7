"""How fast the functions are, against the usual ways of writing them: `make bench`."""
