"""Asking the application itself, over HTTP, as its users do."""

from backends.probe.http import HttpProbe

__all__ = ["HttpProbe"]
