"""A pseudo-terminal as sshd gives one: its size, and the modes the caller's own terminal has."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import Mapping
from typing import Any

_SPEEDS = {int(name[1:]): getattr(termios, name) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}

# Opcodes of RFC 4254, section 8, and RFC 8160.
_CHARACTERS = {
    1: "VINTR", 2: "VQUIT", 3: "VERASE", 4: "VKILL", 5: "VEOF", 6: "VEOL", 7: "VEOL2", 8: "VSTART", 9: "VSTOP",
    10: "VSUSP", 12: "VREPRINT", 13: "VWERASE", 14: "VLNEXT", 18: "VDISCARD",
}  # fmt: skip
_INPUT = {
    30: "IGNPAR", 31: "PARMRK", 32: "INPCK", 33: "ISTRIP", 34: "INLCR", 35: "IGNCR", 36: "ICRNL", 38: "IXON",
    39: "IXANY", 40: "IXOFF", 41: "IMAXBEL", 42: "IUTF8",
}  # fmt: skip
_OUTPUT = {70: "OPOST", 72: "ONLCR", 73: "OCRNL", 74: "ONOCR", 75: "ONLRET"}
_LOCAL = {
    50: "ISIG", 51: "ICANON", 53: "ECHO", 54: "ECHOE", 55: "ECHOK", 56: "ECHONL", 57: "NOFLSH", 58: "TOSTOP",
    59: "IEXTEN", 60: "ECHOCTL", 61: "ECHOKE", 62: "PENDIN",
}  # fmt: skip
_FLAGS = ((0, _INPUT), (1, _OUTPUT), (3, _LOCAL))
_IUTF8 = 0o40000  # not in Python's termios
_OUTPUT_SPEED = 129
_NO_CHARACTER = 255


def open_terminal(size: tuple[int, int], modes: Mapping[int, int]) -> tuple[int, int]:
    """Open a terminal of (columns, rows); return its two ends: ours, which does not block, and the program's."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    resize(ours, size)
    if modes:
        _apply(theirs, modes)
    return ours, theirs


def resize(descriptor: int, size: tuple[int, int]) -> None:
    """Tell the programs on a terminal its new size (columns, rows)."""
    columns, rows = (max(0, min(each, 65_535)) for each in size)
    with contextlib.suppress(OSError):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _apply(descriptor: int, modes: Mapping[int, int]) -> None:
    attributes: list[Any] = termios.tcgetattr(descriptor)
    for opcode, value in modes.items():
        if opcode in _CHARACTERS and hasattr(termios, _CHARACTERS[opcode]):
            character = b"\0" if value == _NO_CHARACTER else bytes([value & 0xFF])
            attributes[6][getattr(termios, _CHARACTERS[opcode])] = character
        elif opcode == _OUTPUT_SPEED and value in _SPEEDS:
            attributes[4] = attributes[5] = _SPEEDS[value]
        for position, names in _FLAGS:
            if opcode in names:
                flag = getattr(termios, names[opcode], _IUTF8 if names[opcode] == "IUTF8" else 0)
                attributes[position] = attributes[position] | flag if value else attributes[position] & ~flag
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
