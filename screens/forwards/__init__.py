"""Ports of this machine that lead into pods."""
