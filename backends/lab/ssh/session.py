"""One session on a helper VM: a command or a shell of its own process group, on pipes or on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import asyncssh

from backends.lab.ssh.files import SandboxFiles
from backends.lab.ssh.sandbox import Sandbox
from backends.lab.ssh.streams import pump_in, pump_out
from backends.lab.ssh.terminal import open_terminal, resize

FULL_DISK_BYTES = 512
"""How far a file may still grow on a full disk: what is written is refused with EFBIG, not ENOSPC."""

# Of a full disk a program hears by a failing write, not by the signal that comes with the limit we use for it.
# The first terminal that the leader of a session opens becomes its own.
_PRELUDE = """
trap '' XFSZ
if [ "$2" ]; then ulimit -S -f "$2"; fi
if [ "$3" ]; then exec 0<>"$3" 1>&0 2>&0; fi
if [ "$1" ]; then exec /bin/sh -c "$1"; fi
exec /bin/sh -l
"""
_PASSED_ON = ("LANG", "LC_")
_BLOCK_BYTES = 512
_SIGNALS = {int(each): each.name.removeprefix("SIG") for each in signal.Signals}
"""Names by number; the protocol has none for most of the real-time signals."""


@dataclass(frozen=True, slots=True)
class _Program:
    """A process and our ends of its streams; on a terminal all three are one, and `errors` is none."""

    process: subprocess.Popen[bytes]
    input: int
    output: int
    errors: int | None


class Session(asyncssh.SSHServerProcess[bytes]):
    """A channel of kind session; `ended` is called once, when the caller or the program has closed it."""

    def __init__(self, sandbox: Sandbox, addresses: Mapping[str, str], ended: Callable[[], None]) -> None:
        folders = (sandbox.home, sandbox.temporary)
        super().__init__(
            self._run,
            lambda channel: SandboxFiles(channel, sandbox.home, folders, lambda: sandbox.is_full),
            3,
            allow_scp=True,
        )
        self._sandbox = sandbox
        self._addresses = addresses
        self._ended = ended
        self._leader = 0
        self._terminal = -1
        self._work: asyncio.Task[None] | None = None

    # What the caller asks for in between

    def signal_received(self, signal: str) -> None:
        """Signal the whole process group, as OpenSSH's server does since 7.9."""
        self._signal(signal)

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Pass on the size of the caller's window."""
        if self._terminal >= 0:
            resize(self._terminal, (width, height))

    def break_received(self, msec: int) -> bool:
        """Refuse: a terminal that is no line has no break."""
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        """There is one subsystem."""
        return subsystem == "sftp"

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the program. It goes on unless it was on the terminal, or needs us to read and write."""
        super().connection_lost(exc)
        if self._work is not None:
            self._work.cancel()
        self._ended()

    # The program

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self._work = asyncio.current_task()
        try:
            program = self._start(process)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the command
            process.stderr.write(f"the lab cannot start a shell: {error}\n".encode())
            process.exit(255)
            return
        try:
            status = await self._converse(process, program)
            if -status in _SIGNALS:
                process.exit_with_signal(_SIGNALS[-status])
            else:
                process.exit(status if status >= 0 else 128 - status)
        except* (OSError, asyncssh.Error):
            pass  # the channel is closed: nobody is left to tell
        finally:
            self._terminal, self._leader = -1, 0

    async def _converse(self, process: asyncssh.SSHServerProcess[bytes], program: _Program) -> int:
        """Carry bytes both ways; return the program's status once it ended and all it wrote is sent."""
        terminal = program.errors is None
        receiving = asyncio.create_task(pump_in(process.stdin, program.input, terminal=terminal), name="ssh-input")
        try:
            async with asyncio.TaskGroup() as writing:
                writing.create_task(pump_out(program.output, process.stdout))
                if program.errors is not None:
                    writing.create_task(pump_out(program.errors, process.stderr))
                ending = writing.create_task(ended(program.process))
            return ending.result()
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
            for descriptor in {program.output, program.errors} - {None}:
                assert descriptor is not None
                os.close(descriptor)

    def _start(self, process: asyncssh.SSHServerProcess[bytes]) -> _Program:
        environment = self._sandbox.environment() | dict(self._addresses)
        environment |= {name: value for name, value in process.env.items() if name.startswith(_PASSED_ON)}
        if process.term_type is None:
            return self._start_on_pipes(process.command or "", environment)
        environment["TERM"] = process.term_type
        return self._start_on_terminal(process, environment)

    def _start_on_pipes(self, command: str, environment: dict[str, str]) -> _Program:
        pipes = [os.pipe() for _ in range(3)]
        (their_input, our_input), (our_output, their_output), (our_errors, their_errors) = pipes
        theirs = their_input, their_output, their_errors
        try:
            process = self._spawn(command, environment, theirs)
        except BaseException:
            for descriptor in (our_input, our_output, our_errors):
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        for descriptor in (our_input, our_output, our_errors):
            os.set_blocking(descriptor, False)
        return _Program(process, our_input, our_output, our_errors)

    def _start_on_terminal(self, process: asyncssh.SSHServerProcess[bytes], environment: dict[str, str]) -> _Program:
        columns, rows, _, _ = process.term_size
        ours, theirs = open_terminal((columns, rows), process.term_modes)
        try:
            name = environment["SSH_TTY"] = os.ttyname(theirs)
            started = self._spawn(process.command or "", environment, (theirs, theirs, theirs), name)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._terminal = ours
        return _Program(started, ours, ours, None)

    def _spawn(
        self, command: str, environment: dict[str, str], streams: tuple[int, int, int], terminal: str = ""
    ) -> subprocess.Popen[bytes]:
        if not self._sandbox.is_up:
            raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))
        self._sandbox.was_used = True
        blocks = str(FULL_DISK_BYTES // _BLOCK_BYTES) if self._sandbox.is_full else ""
        process = subprocess.Popen(
            ["/bin/sh", "-c", _PRELUDE, "sh", command, blocks, terminal],
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            cwd=self._sandbox.home,
            env=environment,
            start_new_session=True,
            umask=0o022,
        )
        self._leader = process.pid
        return process

    def _signal(self, name: str) -> None:
        number = getattr(signal, f"SIG{name}", None)
        if number is not None and self._leader:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._leader, number)


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process and return its status, negative for a signal; when cancelled it is still reaped."""
    loop = asyncio.get_running_loop()
    status: asyncio.Future[int] = loop.create_future()

    def tell(code: int) -> None:
        if not status.done():
            status.set_result(code)

    def wait() -> None:
        code = process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(tell, code)

    # A thread, for it reaps whatever becomes of the session; one that sleeps in wait() costs next to nothing.
    threading.Thread(target=wait, name=f"wait-{process.pid}", daemon=True).start()
    return await status
