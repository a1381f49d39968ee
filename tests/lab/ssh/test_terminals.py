from __future__ import annotations

import asyncio
import contextlib
import os
import termios
from collections.abc import Iterator

import pytest

from backends.lab.ssh.marked import find_marked
from backends.lab.ssh.terminal import open_terminal
from tests.lab.ssh.machine import Machine
from tests.support.pty_terminal import PtyTerminal
from tests.support.waiting import until

pytestmark = pytest.mark.terminal


@contextlib.contextmanager
def window(machine: Machine, *words: str) -> Iterator[PtyTerminal]:
    """Open a window of 100 x 30 in which somebody runs `ssh`."""
    with PtyTerminal(machine.argv("ssh", "-t", machine.vm.stamp, *words), 100, 30) as terminal:
        yield terminal


async def see(terminal: PtyTerminal, text: str) -> None:
    await asyncio.to_thread(terminal.wait_for, text, 20)


async def test_a_terminal_is_asked_for_even_without_one(machine: Machine) -> None:
    found = await machine.ssh("stty size; tty; echo $TERM $SSH_TTY; exit 6", options=["-tt"])
    size, name, environment = found.out.decode().splitlines()
    assert found.status == 6
    assert size == "0 0" and environment.split()[-1] == name


async def test_its_size_follows_the_window(machine: Machine) -> None:
    with window(machine, "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.05; done") as terminal:
        await see(terminal, "30 100")
        terminal.resize(120, 35)
        await see(terminal, "35 120")
        assert await asyncio.to_thread(terminal.wait_exit) == 0


async def test_a_login_shell_talks_and_ends_with_its_status(machine: Machine) -> None:
    with window(machine) as terminal:
        await see(terminal, "azureuser@helper-orlando:")
        terminal.send("PS1='at ''rest '; clear\r")
        await see(terminal, "at rest")
        terminal.send("echo $((6 * 7))\r")
        await see(terminal, "42")
        terminal.send("exit 9\r")
        assert await asyncio.to_thread(terminal.wait_exit) == 9


async def test_keys_interrupt_what_runs_in_front(machine: Machine) -> None:
    with window(machine) as terminal:
        await see(terminal, "$ ")
        terminal.send("PS1='at ''rest '; clear\r")  # a short one: what is looked for must not be broken into lines
        await see(terminal, "at rest")
        terminal.send("sh -c 'echo beg''un; sleep 600'\r")
        await see(terminal, "begun")
        terminal.send("\x03")
        terminal.send("echo status=$?\r")
        await see(terminal, "status=130")


async def test_a_lost_connection_hangs_up(machine: Machine) -> None:
    with window(machine, "echo $$ > number; echo on; sleep 600") as terminal:
        await see(terminal, "on")
        number = int((machine.home / "number").read_text())
        machine.faults.set("ssh-cut")
        assert await asyncio.to_thread(terminal.wait_exit) == 255
    await until(lambda: number not in find_marked(machine.vm.sandbox.mark))


async def test_all_output_arrives_although_the_program_ends_at_once(machine: Machine) -> None:
    found = await machine.ssh("seq 20000", options=["-tt"])
    assert found.out.decode().split() == [str(number) for number in range(1, 20_001)]


def test_modes_are_those_of_the_caller() -> None:
    ours, theirs = open_terminal((80, 24), {1: 7, 3: 255, 53: 0, 51: 0, 36: 0, 72: 0, 129: 9600, 250: 1})
    try:
        input_modes, output_modes, _, local_modes, _, speed, characters = termios.tcgetattr(theirs)
        assert characters[termios.VINTR] == b"\x07" and characters[termios.VERASE] == b"\0"
        assert not local_modes & (termios.ECHO | termios.ICANON) and local_modes & termios.ISIG
        assert not input_modes & termios.ICRNL and not output_modes & termios.ONLCR
        assert speed == termios.B9600
    finally:
        os.close(ours)
        os.close(theirs)
