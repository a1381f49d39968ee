"""A small shell as it would answer inside a container: enough for `kubectl exec` to look around and to script."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence

from backends.lab.kubernetes.node_services import ContainerUnavailable, Terminal
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.files import container_environment, container_files
from backends.lab.world.programs import PROGRAMS, SHELLS, Session


async def run_command(
    cluster: Cluster, pod: Object, container: str, command: Sequence[str], terminal: Terminal, *, tty: bool
) -> int:
    """Run a command in a container and return its exit code; ContainerUnavailable when there is no such program."""
    files = container_files(cluster, pod)
    session = Session(files, container_environment(cluster, pod, container), container, cluster.clock)
    session.size = lambda: terminal.size
    program = command[0]
    if program in SHELLS:
        return await _run_shell(session, list(command[1:]), terminal, tty=tty)
    if program.rpartition("/")[2] not in PROGRAMS:
        raise ContainerUnavailable(
            "Internal error occurred: error executing command in container: failed to exec in container: "
            f'OCI runtime exec failed: exec failed: unable to start container process: exec: "{program}": '
            "executable file not found in $PATH: unknown"
        )
    if program.rpartition("/")[2] == "cat" and len(command) == 1:
        return await _copy_input(terminal)
    return await _emit(terminal, await session.run(list(command)), tty=tty)


async def _copy_input(terminal: Terminal) -> int:
    while data := await terminal.read():
        await terminal.write(data)
    return 0


async def _run_shell(session: Session, arguments: list[str], terminal: Terminal, *, tty: bool) -> int:
    """Run a shell, and whatever it gives way to by `exec`."""
    code = await _obey(session, arguments, terminal, tty=tty)
    while session.successor:
        program, *words = session.successor
        session.successor, session.ended = [], False
        if program in SHELLS:
            code = await _obey(session, words, terminal, tty=tty)
        else:
            code = await _emit(terminal, await session.run([program, *words]), tty=tty)
    return code


async def _obey(session: Session, arguments: list[str], terminal: Terminal, *, tty: bool) -> int:
    if "-c" in arguments:
        script = arguments[arguments.index("-c") + 1] if arguments[-1] != "-c" else ""
        return await _script(session, script, terminal, tty=tty)
    if tty:
        return await _interactive(session, terminal)
    code, rest = 0, b""
    while data := await terminal.read():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            code = await _script(session, line.decode(errors="replace"), terminal, tty=False)
            if session.ended:
                return code
    return await _script(session, rest.decode(errors="replace"), terminal, tty=False) if rest.strip() else code


async def _interactive(session: Session, terminal: Terminal) -> int:
    """Serve a prompt with the echo, erase, interrupt and end-of-file keys of a terminal line."""
    code, line = 0, ""
    await terminal.write(b"# ")
    while data := await terminal.read():
        for letter in data.decode(errors="replace"):
            if letter in "\r\n":
                await terminal.write(b"\r\n")
                code = await _script(session, line, terminal, tty=True)
                line = ""
                if session.ended:
                    return code
                await terminal.write(b"# ")
            elif letter in "\x7f\b":
                if line:
                    line = line[:-1]
                    await terminal.write(b"\b \b")
            elif letter == "\x03":
                line = ""
                await terminal.write(b"^C\r\n# ")
            elif letter == "\x04":
                if not line:
                    await terminal.write(b"\r\n")
                    return code
            elif letter >= " ":
                line += letter
                await terminal.write(letter.encode())
    return code


async def _script(session: Session, script: str, terminal: Terminal, *, tty: bool) -> int:
    """Run commands separated by `;`, newlines, `&&` and `||`."""
    code = session.code
    try:
        lexer = shlex.shlex(script.replace("\n", ";"), posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        tokens = list(lexer)
    except ValueError as error:
        return await _emit(terminal, (2, "", f"sh: 1: Syntax error: {error}\n"), tty=tty)
    words: list[str] = []
    condition = ""
    for token in [*tokens, ";"]:
        if token not in (";", "&&", "||", "&"):
            words.append(token)
            continue
        wanted = not condition or (condition == "&&") == (code == 0)
        if words and wanted and not session.ended:
            code = await _emit(terminal, await session.run(words), tty=tty)
            session.code = code
        condition = token if token in ("&&", "||") else ""
        words = []
    return code


async def _emit(terminal: Terminal, result: tuple[int, str, str], *, tty: bool) -> int:
    code, output, errors = result
    for text, write in ((output, terminal.write), (errors, terminal.write_error)):
        if text:
            await write((text.replace("\n", "\r\n") if tty else text).encode())
    await asyncio.sleep(0)
    return code
