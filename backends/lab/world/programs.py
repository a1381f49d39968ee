"""The programs of the small shell: each takes words and returns its exit code, output and errors."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backends.lab.clock import LabClock

Result = tuple[int, str, str]
"""Exit code, standard output, standard error."""


SHELLS = ("sh", "/bin/sh", "bash", "/bin/bash", "ash", "/bin/ash")


@dataclass(slots=True)
class Session:
    """What a shell remembers between commands."""

    files: dict[str, str]
    environment: dict[str, str]
    container: str
    clock: LabClock
    folder: str = "/usr/src/app"
    code: int = 0
    ended: bool = field(default=False)
    successor: list[str] = field(default_factory=list)
    """What `exec` puts in its place when it ended."""
    size: Callable[[], tuple[int, int]] = field(default=lambda: (80, 24))

    async def run(self, words: list[str]) -> Result:
        """Run one simple command, with `> FILE` and a pipe into grep, wc, head or tail."""
        if "|" in words:
            cut = words.index("|")
            code, output, errors = await self.run(words[:cut])
            filtered = await _filter(self, words[cut + 1 :], output)
            return (*filtered[:2], errors + filtered[2]) if code == 0 or output else (code, output, errors)
        target = ""
        # A blank between > and the file is left out as often as not.
        words = [part for word in words for part in _parts(word)]
        if ">" in words[:-1]:
            cut = words.index(">")
            target, words = self.path(words[cut + 1]), words[:cut]
        words = [self._expand(word) for word in words]
        name = words[0].rpartition("/")[2]
        program = PROGRAMS.get(name)
        if "=" in words[0] and program is None:
            key, _, value = words[0].partition("=")
            self.environment[key] = value
            return 0, "", ""
        if name in ("sleep", "top"):
            await asyncio.sleep(min(float(words[1]) if len(words) > 1 else 1.0, 3600) / self.clock.speed)
            return 0, "", ""
        if program is None:
            return 127, "", f"sh: 1: {words[0]}: not found\n"
        code, output, errors = program(self, words[1:])
        if target:
            self.files[target] = output
            output = ""
        return code, output, errors

    def path(self, name: str) -> str:
        """Return the absolute path of a name."""
        return posixpath.normpath(posixpath.join(self.folder, name.replace("~", "/root")))

    def is_folder(self, path: str) -> bool:
        """Return whether some file lies below a path."""
        return path == "/" or any(each.startswith(path.rstrip("/") + "/") for each in self.files)

    def _expand(self, word: str) -> str:
        if "$" not in word:
            return word
        word = word.replace("$?", str(self.code))
        for key in sorted(self.environment, key=len, reverse=True):
            word = word.replace(f"${{{key}}}", self.environment[key]).replace(f"${key}", self.environment[key])
        return word


def _parts(word: str) -> list[str]:
    return [">", word[1:]] if word.startswith(">") and len(word) > 1 else [word]


async def _filter(session: Session, words: list[str], text: str) -> Result:
    lines = text.splitlines(keepends=True)
    name = words[0] if words else ""
    count = next((int(each.lstrip("-n")) for each in words[1:] if each.lstrip("-n").isdigit()), 10)
    if name == "grep":
        found = [line for line in lines if words[-1] in line]
        return (0 if found else 1), "".join(found), ""
    if name == "wc":
        return 0, f"{len(lines)}\n", ""
    if name == "head":
        return 0, "".join(lines[:count]), ""
    if name == "tail":
        return 0, "".join(lines[-count:]), ""
    if name == "cat":
        return 0, text, ""
    return 127, "", f"sh: 1: {name}: not found\n"


def _ls(session: Session, words: list[str]) -> Result:
    options = "".join(word for word in words if word.startswith("-"))
    output, errors = "", ""
    for name in [word for word in words if not word.startswith("-")] or ["."]:
        path = session.path(name)
        if path in session.files:
            output += f"{name}\n"
        elif session.is_folder(path):
            start = path.rstrip("/") + "/"
            entries = sorted({each[len(start) :].split("/")[0] for each in session.files if each.startswith(start)})
            shown = [each for each in entries if "a" in options or not each.startswith(".")]
            if "l" in options:
                shown = [_long(session, start, each) for each in shown]
            output += "".join(f"{each}\n" for each in shown)
        else:
            errors += f"ls: cannot access '{name}': No such file or directory\n"
    return (2 if errors else 0), output, errors


def _long(session: Session, start: str, name: str) -> str:
    folder = session.is_folder(start + name)
    size = 4096 if folder else len(session.files[start + name])
    return f"{'drwxr-xr-x' if folder else '-rw-r--r--'} 1 root root {size:>6} Nov  3 09:12 {name}"


def _cat(session: Session, words: list[str]) -> Result:
    output, errors = "", ""
    for name in words:
        path = session.path(name)
        if path in session.files:
            output += session.files[path]
        elif session.is_folder(path):
            errors += f"cat: {name}: Is a directory\n"
        else:
            errors += f"cat: {name}: No such file or directory\n"
    return (1 if errors else 0), output, errors


def _cd(session: Session, words: list[str]) -> Result:
    path = session.path(words[0] if words else "/root")
    if not session.is_folder(path):
        return 2, "", f"sh: 1: cd: can't cd to {words[0]}\n"
    session.folder = path
    return 0, "", ""


def _env(session: Session, words: list[str]) -> Result:
    if words:
        value = session.environment.get(words[0])
        return (0, f"{value}\n", "") if value is not None else (1, "", "")
    return 0, "".join(f"{key}={value}\n" for key, value in session.environment.items()), ""


def _ps(session: Session, words: list[str]) -> Result:
    lines = [
        "    PID TTY          TIME CMD",
        f"      1 ?        00:00:12 {session.container}",
        "     47 pts/0    00:00:00 sh",
        "     53 pts/0    00:00:00 ps",
    ]
    return 0, "\n".join(lines) + "\n", ""


def _exit(session: Session, words: list[str]) -> Result:
    session.ended = True
    return (int(words[0]) & 255 if words and words[0].isdigit() else session.code), "", ""


def _exec(session: Session, words: list[str]) -> Result:
    session.successor, session.ended = words, bool(words)
    return 0, "", ""


def _export(session: Session, words: list[str]) -> Result:
    for word in words:
        key, equals, value = word.partition("=")
        if equals:
            session.environment[key] = value
    return 0, "", ""


def _command(session: Session, words: list[str]) -> Result:
    name = words[-1] if words[:1] == ["-v"] else ""
    known = name in SHELLS or name in PROGRAMS
    return (0, f"{name if name.startswith('/') else f'/bin/{name}'}\n", "") if known else (127, "", "")


def _echo(session: Session, words: list[str]) -> Result:
    plain = words[:1] == ["-n"]
    return 0, " ".join(words[plain:]) + ("" if plain else "\n"), ""


def _date(session: Session, words: list[str]) -> Result:
    return 0, datetime.fromtimestamp(session.clock.now(), UTC).strftime("%a %b %e %H:%M:%S UTC %Y") + "\n", ""


def _uname(session: Session, words: list[str]) -> Result:
    host = session.environment["HOSTNAME"]
    whole = f"Linux {host} 5.15.0-1089-azure #98-Ubuntu SMP x86_64 GNU/Linux"
    return 0, (whole if "-a" in words else "Linux") + "\n", ""


def _stty(session: Session, words: list[str]) -> Result:
    columns, rows = session.size()
    if words == ["size"]:
        return 0, f"{rows} {columns}\n", ""
    return 0, f"speed 38400 baud; rows {rows}; columns {columns}; line = 0;\n", ""


def _tput(session: Session, words: list[str]) -> Result:
    columns, rows = session.size()
    found = {"cols": columns, "lines": rows}.get(words[0] if words else "")
    return (0, f"{found}\n", "") if found is not None else (1, "", "")


def _says(text: Callable[[Session], str], code: int = 0) -> Callable[[Session, list[str]], Result]:
    return lambda session, words: (code, text(session), "")


PROGRAMS: Mapping[str, Callable[[Session, list[str]], Result]] = {
    "ls": _ls,
    "cat": _cat,
    "cd": _cd,
    "env": _env,
    "printenv": _env,
    "ps": _ps,
    "exit": _exit,
    "exec": _exec,
    "export": _export,
    "command": _command,
    "echo": _echo,
    "date": _date,
    "uname": _uname,
    "stty": _stty,
    "tput": _tput,
    "pwd": _says(lambda session: f"{session.folder}\n"),
    "hostname": _says(lambda session: f"{session.environment['HOSTNAME']}\n"),
    "whoami": _says(lambda session: "root\n"),
    "id": _says(lambda session: "uid=0(root) gid=0(root) groups=0(root)\n"),
    "true": _says(lambda session: ""),
    "false": _says(lambda session: "", 1),
    "sleep": _says(lambda session: ""),
}
