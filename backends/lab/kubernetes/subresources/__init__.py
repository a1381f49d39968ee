"""Paths below an object: scale, eviction, binding, logs, exec, tokens."""
