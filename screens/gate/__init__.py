"""Asking before something is changed: the one dialog, and what screens need to open it."""
