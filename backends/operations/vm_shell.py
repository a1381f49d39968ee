"""Shells on helper VMs, and on machines behind them, as changes that pass the gate like shells in containers do."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

from backends.clock import Clock
from backends.errors import SourceError, UsageError
from backends.model.change import Change, Impact, Target
from backends.model.helper_vm import HelperVmAccess, SshHop
from backends.model.shell import ShellRequest
from backends.model.ssh_line import shown_hop, ssh_line
from backends.operations.ports import Journal
from backends.operations.shell import Seat, ShellStream, ShellWork
from backends.operations.shell_tape import Tape

_STILL = "open it again and look: what was started there may still run"


class ShellHost(Protocol):
    """A helper VM on which shells can be opened; calls raise only SourceError."""

    @property
    def access(self) -> HelperVmAccess: ...

    def open_shell(
        self, command: str = "", *, terminal: str = "", columns: int = 80, rows: int = 24, behind: SshHop | None = None
    ) -> AbstractAsyncContextManager[ShellStream]:
        """Open a login shell at a terminal of this kind, on the VM or on a machine `behind` it."""
        ...


class VmShellWork(ShellWork):
    """Opens a shell on a helper VM or behind it, with the operator at it; `exit_code` is known when it ended."""

    ACTION = "vm-shell"

    def __init__(
        self,
        change: Change,
        request: ShellRequest,
        host: ShellHost | None = None,
        clock: Clock | None = None,
        journal: Journal | None = None,
        seat: Seat | None = None,
        tapes: Path | None = None,
        behind: SshHop | None = None,
    ) -> None:
        super().__init__(change, request, None, clock, journal, seat, tapes)
        self._host = host
        self._behind = behind

    @classmethod
    def from_change(cls, change: Change, cluster: object, clock: Clock) -> Self:
        """Return the work of a change from the journal, to say what became of it: it cannot be gone on with."""
        return cls(change, ShellRequest())

    @property
    def _room(self) -> str:
        return "it"

    @property
    def _place(self) -> str:
        return f"on {self._change.target.name}"

    @property
    def _short_place(self) -> str:
        return self._place

    @property
    def _recorded_place(self) -> Mapping[str, str]:
        return {"machine": self._change.target.name}

    async def _run(self, tape: Tape | None) -> None:
        assert self._host is not None
        assert self._seat is not None
        async with self._host.open_shell(terminal=self._request.terminal, behind=self._behind) as stream:
            title = f"a shell on {self._change.target.name}, {self._change.stamp}"
            await self._seat.converse(stream, title, tape)
            self.exit_code = stream.exit_code

    def _advice(self, error: SourceError) -> str:
        return error.todo or _STILL


class VmShells:
    """Plans shells on the helper VM of any stamp that has one."""

    def __init__(
        self,
        hosts: Mapping[str, ShellHost],
        journal: Journal,
        clock: Clock,
        tapes: Path,
        *,
        records_all: bool = False,
    ) -> None:
        """`tapes` is the folder of recordings; with `records_all` every shell is recorded."""
        self._hosts = hosts
        self._journal = journal
        self._clock = clock
        self._tapes = tapes
        self._records_all = records_all

    def plan(self, stamp: str, request: ShellRequest, seat: Seat, node: str = "", user: str = "") -> VmShellWork:
        """Return the work; with `node` on that machine, as the VM names it. UsageError without a helper VM.

        `user` logs in to the node; empty: who logs in to the VM, as aks-engine makes both by default.
        """
        if stamp not in self._hosts:
            todo = "add helper_vm to this stamp in fleet.yaml"
            raise UsageError("it has no helper VM", todo=todo, stamp=stamp)
        host = self._hosts[stamp]
        behind = node_hop(host.access, node, user) if node else None
        asked = replace(request, command=(), tty=True, stdin=True, record=request.record or self._records_all)
        change = _change(stamp, host.access, behind, asked)
        return VmShellWork(change, asked, host, self._clock, self._journal, seat, self._tapes, behind)


def node_hop(access: HelperVmAccess, node: str, user: str = "") -> SshHop:
    """Return the way from a helper VM on to a machine, with the same keys; UsageError for what is no name of one."""
    if node.startswith("-") or not all(each.isalnum() or each in ".-_:" for each in node):
        raise UsageError(f"{node!r} is no machine", todo="give the name or address by which the VM reaches it")
    hop = access.hop
    return SshHop(node, user or hop.user, key_files=hop.key_files, agent=hop.agent)


def _change(stamp: str, access: HelperVmAccess, behind: SshHop | None, asked: ShellRequest) -> Change:
    where = shown_hop(behind or access.hop)
    what = f"the machine {where}, through the helper VM" if behind is not None else f"the helper VM {where}"
    return Change(
        action=VmShellWork.ACTION,
        stamp=stamp,
        target=Target("machine", where),
        summary=f"open a shell on {what} of {stamp}",
        command=ssh_line(access, behind),
        impact=Impact.CAREFUL,
        parameters={"machine": where, "behind": behind is not None, "record": asked.record},
        takes_lock=False,
    )
