"""A package of another's, in whose scope things have the names of ours."""
