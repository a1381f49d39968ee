"""A shell in a real terminal, on the lab over real sockets: the console lends its terminal and gets it back whole."""

from __future__ import annotations

import json
import os
import signal
import stat
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.commands.lab_process import LabProcess, lab_process
from tests.console.command_line import command, stampdeck
from tests.console.writing_lab import ask_api, audited, configure
from tests.support.pty_terminal import PtyTerminal
from tests.support.waiting import wait_until

pytestmark = pytest.mark.terminal

PODS = "/api/v1/namespaces/default/pods"
BANNER = "if it hangs: ctrl-] three times"
ALIVE = 1049
FULL_SCREEN = "\x1b[?1049h\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[?25l\x1b[2J\x1b[3;3Hfull of text"
"""What vim with the mouse on sends."""


@pytest.fixture(scope="module")
def shell_lab() -> Iterator[LabProcess]:
    with lab_process("--speed", "3") as running:
        yield running


@pytest.fixture(autouse=True)
def on_shell_lab(shell_lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    configure(shell_lab, monkeypatch)
    yield
    stampdeck("lab", "clear")


def a_pod() -> str:
    """Return a pod of ratings-web that runs."""
    listed = ask_api("GET", f"{PODS}?labelSelector=app%3Dratings-web")["items"]
    return str(next(each["metadata"]["name"] for each in listed if each["status"]["phase"] == "Running"))


def console(pod: str) -> PtyTerminal:
    words = ("--stamp", "orlando", "-c", f"pods default /{pod}")
    return PtyTerminal(command(*words), 100, 30, record=True)


def open_shell(terminal: PtyTerminal, pod: str, what: str = "") -> None:
    """From the row to the prompt of the shell: the line, the dialog, the yes."""
    terminal.wait_for(lambda seen: f"/{pod}" in seen.text and "1/1" in seen.text, 60)
    terminal.send("W")
    terminal.wait_for("WRITE", 20)
    terminal.send("s")
    terminal.wait_for("shell:", 20)
    terminal.send(f"{what}\r")
    terminal.wait_for("(ratings-web) on orlando", 20)
    terminal.wait_for("create pods/exec in default", 40)
    terminal.send("\t")
    terminal.send("\r")
    terminal.wait_for(BANNER, 40)


def shell_texts(operation: str) -> list[str]:
    return [str(each["data"]["text"]) for each in events(operation) if each["kind"] == "shell"]


def events(operation: str) -> list[dict[str, Any]]:
    """Return what the journal has of an operation, oldest first."""
    found = [json.loads(line) for line in stampdeck("audit", "export").out.splitlines()]
    return [each for each in found if each["operation"] == operation]


def newest() -> dict[str, Any]:
    return next(each for each in audited() if each["action"] == "exec")


def is_cooked(terminal: PtyTerminal) -> bool:
    """Whether the terminal echoes and gives whole lines, as a person's shell needs it."""
    local = termios.tcgetattr(terminal._master)[3]
    return bool(local & termios.ICANON and local & termios.ECHO and local & termios.ISIG)


def test_a_shell_is_lent_the_terminal_and_the_console_lives_on() -> None:
    pod = a_pod()
    with console(pod) as terminal:
        open_shell(terminal, pod)
        assert ALIVE not in terminal.modes
        terminal.send("stty size; env TERM\r")
        terminal.wait_for(lambda seen: "30 100" in seen.text and "xterm-256color" in seen.text, 20)
        terminal.resize(90, 25)
        wait_until(lambda: _says(terminal, "stty size\r", "25 90"))
        terminal.send("half a line\x03")
        terminal.wait_for("half a line^C", 20)
        terminal.send("exit 3\r")
        terminal.wait_for("ended with exit code 3", 20)
        terminal.wait_for(lambda seen: ALIVE in seen.modes, 20)
        terminal.send(":nodes\r")
        terminal.wait_for("k8s-linuxpool", 30)
        terminal.send("\x03")
        assert terminal.wait_exit(30) == 0
        assert not terminal.modes & {1049, 1000, 1003, 2004}
    found = newest()
    assert found["result"] == "done"
    texts = shell_texts(found["operation"])
    assert texts[0] == "opened: a shell in ratings-web" and texts[1].endswith("exit code 3")


def _says(terminal: PtyTerminal, typed: str, answer: str) -> bool:
    """Whether the answer comes; asked again until it does, for a new size takes its way."""
    terminal.send(typed)
    try:
        terminal.wait_for(answer, 2)
    except TimeoutError:
        return False
    return True


def test_a_link_that_is_cut_in_a_full_screen_leaves_the_terminal_whole() -> None:
    pod = a_pod()
    with console(pod) as terminal:
        open_shell(terminal, pod, "cat")
        terminal.send(FULL_SCREEN)
        terminal.wait_for("full of text", 20)
        assert {1049, 1000, 2004} <= terminal.modes and 25 not in terminal.modes
        before = len(terminal.raw)
        assert stampdeck("lab", "fault", "orlando", "link-reset").code == 0
        terminal.wait_for("may still run", 40)
        after = bytes(terminal.raw[before:])
        for undone in (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[?25h", b"\x1b[r", b"\x1b(B"):
            assert -1 < after.find(undone) < after.find(b"\x1b[?1049h"), "before the console draws again"
        stampdeck("lab", "clear")
        terminal.send("\x03")
        assert terminal.wait_exit(30) == 0
        assert not terminal.modes & {1049, 1000, 1003, 1006, 2004} and 25 in terminal.modes
        assert is_cooked(terminal)
    assert newest()["result"] == "failed"


def test_the_way_out_of_a_shell_that_hangs() -> None:
    pod = a_pod()
    with console(pod) as terminal:
        open_shell(terminal, pod, "sleep 600")
        terminal.send("\x1d\x1d")
        terminal.send("\x1d")
        terminal.wait_for("left by the operator", 20)
        terminal.wait_for(lambda seen: ALIVE in seen.modes, 20)
        terminal.send("\x03")
        terminal.wait_exit(30)
    assert newest()["result"] == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_console_that_is_ended_in_a_shell_leaves_the_terminal_whole(number: signal.Signals) -> None:
    pod = a_pod()
    with console(pod) as terminal:
        open_shell(terminal, pod, "cat")
        terminal.send(FULL_SCREEN)
        terminal.wait_for("full of text", 20)
        terminal.process.send_signal(number)
        assert terminal.wait_exit(30) == 128 + number
        assert not terminal.modes & {1049, 1000, 1006, 2004} and 25 in terminal.modes
        assert is_cooked(terminal)
    found = newest()
    assert shell_texts(found["operation"])[-1].endswith("the console ended")
    again = stampdeck("exec", pod, "-n", "default", "--stamp", "orlando", "--write", "--yes", "--", "true")
    assert "a shell ends with its console" in again.err
    assert next(each for each in audited() if each["operation"] == found["operation"])["result"] == "done"


def test_a_terminal_that_goes_away_ends_shell_and_console() -> None:
    pod = a_pod()
    with console(pod) as terminal:
        open_shell(terminal, pod, "cat")
        terminal.hang_up()
        terminal.process.wait(30)
    assert shell_texts(newest()["operation"])[-1].endswith("the console ended")


def test_a_recording_is_private_and_has_what_was_seen() -> None:
    pod = a_pod()
    with console(pod) as terminal:
        open_shell(terminal, pod, "record")
        terminal.send("hostname\r")
        terminal.wait_for(lambda seen: seen.text.count(pod) > 1, 20)
        terminal.resize(91, 26)
        terminal.send("exit\r")
        terminal.wait_for("ended with exit code 0", 20)
        terminal.send("\x03")
        terminal.wait_exit(30)
    folder = Path(os.environ["XDG_STATE_HOME"]) / "stampdeck" / "recordings"
    (tape,) = folder.iterdir()
    assert stat.S_IMODE(tape.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    header, *shown = [json.loads(line) for line in tape.read_text().splitlines()]
    assert (header["version"], header["width"], header["height"]) == (2, 100, 30)
    assert f"hostname\r\n{pod}\r\n" in "".join(each[2] for each in shown if each[1] == "o")
    assert events(newest()["operation"])[-1]["data"]["why"] == f"recorded in {tape}"


def test_exec_at_a_terminal_passes_the_exit_code_and_leaves_it_whole() -> None:
    words = ("exec", "-it", a_pod(), "-n", "default", "--stamp", "orlando", "--write")
    with PtyTerminal(command(*words), 100, 30) as terminal:
        terminal.wait_for("Do it on orlando? [y/N]", 40)
        terminal.send("y\r")
        terminal.wait_for(BANNER, 40)
        terminal.send("exit 9\r")
        assert terminal.wait_exit(30) == 9
        assert is_cooked(terminal)
