"""Asking the application itself, over HTTP, as its users do."""
