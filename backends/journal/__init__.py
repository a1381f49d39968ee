"""The journal of changes: one SQLite file of events in a hash chain."""

from backends.journal.author import this_author, works_still
from backends.journal.journal import SqliteJournal

__all__ = ["SqliteJournal", "this_author", "works_still"]
