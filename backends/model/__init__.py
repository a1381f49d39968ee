"""The domain as frozen values and pure functions: no I/O, no clock of its own."""
