"""`help`: the help of a command."""

from __future__ import annotations

from backends.lab.engine.flags import COMMANDS, ROOT
from backends.lab.engine.session import Session
from backends.lab.engine.streams import write
from backends.lab.engine.usage import help_text, unknown_topic


def run(session: Session) -> None:
    """Print the help of the command that is named, of the program when none is."""
    words = session.call.arguments
    if not words:
        write(1, help_text(ROOT))
    elif words[0] in COMMANDS:
        write(1, help_text(COMMANDS[words[0]]))
    else:
        write(2, unknown_topic(words))
