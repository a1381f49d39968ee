"""A shell in a container, with the terminal lent to it."""
