"""Scripts of ours run on the helper VM over one exec channel, whatever its shells print at login."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from backends.errors import Malformed
from backends.model import inert
from backends.model.helper_vm import Finished, HelperVmAccess
from backends.model.redact import Redactor


class RunsCommands(Protocol):
    """The part of a helper VM that is needed here."""

    @property
    def stamp(self) -> str: ...
    @property
    def access(self) -> HelperVmAccess: ...

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        """Run a constant command line with `data` on its standard input and wait for its end."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """How a script ended: its exit status, what it printed, and its errors as a text that may be shown."""

    status: int
    output: bytes
    errors: str


async def run_script(vm: RunsCommands, lines: Sequence[str], *, what: str, timeout_s: float = 30.0) -> Ran:
    """Run lines of POSIX sh; `what` names it in errors. Raises Malformed when the VM's shell did something else.

    The script is one function, called at its end: cut short by a lost connection, none of it runs. What .bashrc and
    the like print before is left out by a line nobody else can print.
    """
    mark = f"stampdeck-{secrets.token_hex(8)}"
    script = "\n".join(("stampdeck() {", f"printf '\\n%s\\n' {mark}", *lines, "}", "stampdeck </dev/null", ""))
    found = await vm.run("sh -s", script.encode(), timeout_s=timeout_s)
    _, marked, output = found.output.partition(f"\n{mark}\n".encode())
    errors = shown(found.errors)
    if not marked:
        said = shown(found.output) or errors or "nothing"
        raise Malformed(
            what,
            why=f"no shell answered on the helper VM (status {found.status}), it said: {said[:300]}",
            todo="log in by ssh with this account and see what it is given",
            stamp=vm.stamp,
        )
    return Ran(found.status, output, errors)


def shown(data: bytes) -> str:
    """Return what a command wrote as a text that may be shown: decoded, without secrets, inert."""
    redactor = Redactor()
    text = data[-4096:].decode("utf-8", "replace").strip()
    return "; ".join(inert.line(redactor.line(line)) for line in text.splitlines() if line.strip())
