"""Asking the person at the terminal whether a planned change shall be done; the answer is No by default."""

from __future__ import annotations

import asyncio
import os
import sys

from backends.model.proposal import Ask, Consent, Proposal
from console.commands.do_document import may_proceed
from console.commands.write_options import WriteOptions

_YES = ("y", "yes")


async def ask_consent(proposal: Proposal, write: WriteOptions) -> Consent:
    """Return the consent of the command line, with what the person adds; nothing is asked where it would not help."""
    confirmed, names = write.confirmed, write.typed_names
    wanted = tuple(each.typed for each in proposal.refusals(write.overrides, names) if each.typed)
    asked = may_proceed(proposal, write.overrides, (*names, *wanted)) and sys.stdin.isatty() and sys.stderr.isatty()
    for name in wanted if asked else ():
        typed = (await read_answer(f"Nobody renews the lock of {name}. Type this name to take it over: ")).strip()
        names = (*names, typed)
        asked = asked and typed == name
    if asked and not (confirmed and proposal.ask is not Ask.NAME):
        stamp = proposal.change.stamp
        if proposal.ask is Ask.NAME and stamp not in names:
            typed = (await read_answer(f"{stamp} is protected. Type its name to do it: ")).strip()
            confirmed, names = typed == stamp, (*names, typed)
        elif not confirmed:
            confirmed = (await read_answer(f"Do it on {stamp}? [y/N] ")).strip().lower() in _YES
    return Consent(confirmed, names, write.overrides, write.reason)


async def read_answer(question: str) -> str:
    """Ask on stderr and return the line typed, empty at the end of input.

    Not by input() in a thread: that could not be interrupted, and would hold up the end of the command.
    """
    sys.stderr.write(question)
    sys.stderr.flush()
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    descriptor = sys.stdin.fileno()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
        # A terminal gives whole lines; more than one was typed ahead, and is no answer to a later question.
        return os.read(descriptor, 4096).decode(errors="replace").partition("\n")[0]
    finally:
        loop.remove_reader(descriptor)
