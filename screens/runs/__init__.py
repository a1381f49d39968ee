"""The changes being carried out: all of them, and one with its parts."""
