"""One stamp's helper VM over one SSH connection, shared by all who need it and made again by itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncssh

from backends.clock import Clock
from backends.helper_vm import failures, processes
from backends.helper_vm.failures import NotBegun, Place
from backends.helper_vm.host_keys import HostKeyRule
from backends.helper_vm.keeping import Keeping
from backends.helper_vm.known_hosts import host_key_of
from backends.helper_vm.processes import Output
from backends.helper_vm.questions import Prompter
from backends.helper_vm.route import Route
from backends.helper_vm.shell import VmShell, open_shell
from backends.helper_vm.timing import Timing
from backends.helper_vm.transfer import Transfer, open_transfer
from backends.helper_vm.tunnel import Tunnel
from backends.model.health import SourceState
from backends.model.helper_vm import Finished, HelperVmAccess, HostKey, SshHop
from backends.streams import Cell


class HelperVmConnection:
    """Runs commands on a helper VM; every call raises only `backends.errors.SourceError`.

    Connects at the first call. After a loss it connects again by itself, and calls wait for that; a call that was
    under way raises Unreachable and is not repeated. Refused logins and host keys are not tried again until
    `timing.refused_s` have passed, or `reconnect` is called.
    """

    def __init__(
        self,
        stamp: str,
        access: HelperVmAccess,
        known_hosts: Path,
        clock: Clock,
        *,
        prompter: Prompter | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._stamp = stamp
        self._access = access
        timing = timing or Timing()
        self._route = Route(stamp, access, known_hosts, clock, prompter=prompter, timing=timing)
        self._keeping = Keeping(self._route, clock, timing)
        self.tunnel = Tunnel(self._keeping, timing)
        """Ways to what only the VM reaches."""

    @property
    def stamp(self) -> str:
        """Name of the stamp this is the helper VM of."""
        return self._stamp

    @property
    def access(self) -> HelperVmAccess:
        """How it is reached and where its things are."""
        return self._access

    @property
    def state(self) -> Cell[SourceState]:
        """Where the connection stands; OFF before the first call."""
        return self._keeping.state

    @property
    def prompter(self) -> Prompter | None:
        """Who is asked while we log in; may be set at any time."""
        return self._route.prompter

    @prompter.setter
    def prompter(self, prompter: Prompter | None) -> None:
        self._route.prompter = prompter

    def reconnect(self) -> None:
        """Try again now, whatever refused us before: something was mended, or a person agreed to be asked."""
        self._keeping.forgive()

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        """Run a command with `data` on its standard input and wait for its end; the time counts from its start.

        Raises Unreachable when its end was not seen: it may have run or not. Given up, it is told to terminate.
        """
        while True:
            link = await self._keeping.link()
            try:
                return await processes.run(link, command, data, timeout_s)
            except NotBegun:
                await link.lost.wait()

    @contextlib.asynccontextmanager
    async def stream(self, command: str) -> AsyncIterator[Output]:
        """Run a command and read what it writes; leaving the context ends the reading, not what it started."""
        async with contextlib.AsyncExitStack() as stack:
            while True:
                link = await self._keeping.link()
                try:
                    output = await stack.enter_async_context(processes.read_output(link, command))
                    break
                except NotBegun:
                    await link.lost.wait()
            yield output

    @contextlib.asynccontextmanager
    async def open_shell(
        self,
        command: str = "",
        *,
        terminal: str = "xterm-256color",
        columns: int = 80,
        rows: int = 24,
        behind: SshHop | None = None,
    ) -> AsyncIterator[VmShell]:
        """Open a login shell, or a command, at a terminal; on a machine that the VM reaches when one is `behind` it.

        That one is logged in to from here, with our keys: none has to be on the VM, and its host key is checked by us.
        """
        link = await self._keeping.link()
        async with contextlib.AsyncExitStack() as stack:
            if behind is not None:
                link = await self._route.go_on(link, behind)
                stack.push_async_callback(link.close)
            yield await stack.enter_async_context(open_shell(link, command, terminal, columns, rows))

    @contextlib.asynccontextmanager
    async def open_transfer(self) -> AsyncIterator[Transfer]:
        """Begin SFTP; raises NoSftp where it does not work (see `files`)."""
        async with open_transfer(await self._keeping.link()) as transfer:
            yield transfer

    async def host_keys(self, behind: SshHop | None = None) -> Sequence[HostKey]:
        """Return the host keys of the VM, or of the first host on the way whose key is not remembered.

        With a machine `behind` the VM, that machine's.
        """
        place, keys = await self._shown_keys(behind)
        named = failures.shown(place.hop)
        return tuple(HostKey(each.algorithm, each.fingerprint, named) for each in map(host_key_of, keys))

    async def trust(self, keys: Sequence[HostKey], who: str, behind: SshHop | None = None) -> None:
        """Remember these keys, which the machine must show now; HostKeyChanged when others are remembered.

        LocalDiskFailed when they cannot be written down.
        """
        place, shown = await self._shown_keys(behind)
        rule = HostKeyRule(place, self._route.known_hosts)
        if (problem := rule.contradicts(shown)) is not None:
            raise problem
        wanted = {each.fingerprint for each in keys}
        chosen = [each for each in shown if each.get_fingerprint() in wanted]
        if not chosen or wanted != {each.get_fingerprint() for each in chosen}:
            raise rule.unknown([host_key_of(each) for each in shown])
        new = [each for each in chosen if not rule.is_remembered(each)]
        if new:
            self._route.known_hosts.add(place.hop.host, place.hop.port, new, who)
        self._keeping.forgive()

    async def _shown_keys(self, behind: SshHop | None) -> tuple[Place, list[asyncssh.SSHKey]]:
        if behind is None:
            return await self._route.probe()
        return await self._route.keys_behind(await self._keeping.link(), behind)

    async def aclose(self) -> None:
        """Close the connection; calls under way raise Unreachable, and what runs on the VM is left to itself."""
        await self.tunnel.close()
        await self._keeping.close()

    async def __aenter__(self) -> HelperVmConnection:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
