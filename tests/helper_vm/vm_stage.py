"""A real SSH server and connections of ours to it, for tests of the connection itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from backends.clock import SystemClock
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.questions import Prompter, Question
from backends.helper_vm.timing import Timing
from backends.model.health import Health
from backends.model.helper_vm import HelperVmAccess, SshHop
from tests.support.sshd import Sshd
from tests.support.waiting import until

SWIFT = Timing(backoff_s=0.01, backoff_cap_s=0.1, nudged_s=0.02)


def hop_of(sshd: Sshd, *, port: int = 0, keys: Sequence[Path] | None = None, host_key: str = "") -> SshHop:
    """Return how a server is logged in to with the key it lets in."""
    files = (sshd.key,) if keys is None else tuple(keys)
    return SshHop(sshd.host, sshd.user, port or sshd.port, files, agent=False, host_key=host_key)


def remember(known_hosts: Path, *servers: Sshd, kind: str = "ed25519", port: int = 0) -> Path:
    """Write what is known of these servers, and return the file."""
    lines = [each.known_hosts_line(kind).replace(f":{each.port} ", f":{port or each.port} ") for each in servers]
    known_hosts.write_text("".join(lines))
    return known_hosts


@asynccontextmanager
async def connected(
    known_hosts: Path,
    hop: SshHop,
    *,
    jumps: Sequence[SshHop] = (),
    prompter: Prompter | None = None,
    timing: Timing = SWIFT,
) -> AsyncIterator[HelperVmConnection]:
    """Open our side; nothing is connected before the first call."""
    access = HelperVmAccess(hop, tuple(jumps))
    async with HelperVmConnection(
        "orlando", access, known_hosts, SystemClock(), prompter=prompter, timing=timing
    ) as vm:
        yield vm


async def in_health(vm: HelperVmConnection, health: Health) -> None:
    """Wait for a state of the connection."""
    await until(lambda: vm.state.value.health is health)


class Operator:
    """Answers questions with what was prepared, in order; None is a dialog that was closed."""

    def __init__(self, *answers: tuple[str, ...] | None) -> None:
        self.answers = list(answers)
        self.asked: list[Question] = []

    async def ask(self, question: Question) -> tuple[str, ...] | None:
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else None


def fingerprint(public_line: str) -> str:
    """Return the fingerprint of a public key as OpenSSH writes it."""
    return asyncssh.import_public_key(public_line).get_fingerprint()
