"""The journal of changes: one SQLite file of events in a hash chain."""
