"""What only a person can answer while we log in: passphrases, passwords, codes of a second factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prompt:
    """One line to fill in; `echo` says whether what is typed may be seen. The text is foreign: see `model.inert`."""

    text: str
    echo: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A dialog: `host` asks it (`user@host:port`, or the file a passphrase is for), on the way to `stamp`.

    Without prompts it only tells something, and any answer agrees. Title and instructions may be foreign text.
    """

    stamp: str
    host: str
    title: str
    instructions: str = ""
    prompts: tuple[Prompt, ...] = ()


class Prompter(Protocol):
    """Asks the operator. What comes back is secret and is kept by nobody longer than it is needed."""

    async def ask(self, question: Question) -> tuple[str, ...] | None:
        """Return an answer for each prompt, or None when the operator does not want to log in.

        Cancelled when the login ends while the question stands: the server waits for an answer no longer.
        """
        ...
