"""One object in depth."""
