"""A command line taken apart by the rules of cobra and pflag, with their words for what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backends.lab.engine.flags import COMMANDS, DEBUG, HELP, PROGRAM, ROOT, Command, Flag


class FlagError(Exception):
    """A command line that cannot be taken; its text follows `Error: `.

    `command` is the one whose usage is printed with it; None: no usage is (an unknown command).
    """

    def __init__(self, text: str, command: Command | None) -> None:
        super().__init__(text)
        self.command = command


@dataclass(frozen=True, slots=True)
class Call:
    """A command line taken apart; every flag of the command has a value, its default where it was not given.

    `wants_help` is asked for by --help; `notices` are lines for stderr about deprecated flags.
    """

    command: Command
    arguments: tuple[str, ...]
    values: dict[str, list[str]] = field(repr=False)
    given: frozenset[str]
    notices: tuple[str, ...] = ()

    @property
    def wants_help(self) -> bool:
        """Whether help is wanted, not work."""
        return self.flag("help")

    def text(self, name: str) -> str:
        """Return a flag's value."""
        return self.values[name][-1] if self.values[name] else ""

    def flag(self, name: str) -> bool:
        """Return a boolean flag."""
        return _boolean(self.text(name)) or False

    def number(self, name: str) -> int:
        """Return an integer flag."""
        return int(self.text(name), 0)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return every value of a flag that may be repeated."""
        return tuple(self.values[name])


def parse(arguments: Sequence[str]) -> Call:
    """Take a command line apart (without the program's name); raises `FlagError`."""
    command, rest = _find(list(arguments))
    flags = [*command.flags, HELP] if command is ROOT else [*command.flags, HELP, DEBUG]
    parser = _Parser(command, flags)
    parser.take(rest)
    call = Call(
        command, tuple(parser.arguments), parser.values, frozenset(parser.given), tuple(dict.fromkeys(parser.notices))
    )
    if call.wants_help:
        return call
    if command is ROOT and call.arguments:
        raise FlagError(_unknown_command(call.arguments[0]), None)
    absent = [f'"{each}"' for each in sorted(command.required) if each not in call.given]
    if absent:
        raise FlagError(f"required flag(s) {', '.join(absent)} not set", command)
    return call


def _find(arguments: list[str]) -> tuple[Command, list[str]]:
    """Find the command's word among flags: a flag of the root without `=` takes the next word, unless boolean."""
    position = 0
    while position < len(arguments):
        word = arguments[position]
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            if word in COMMANDS:
                return COMMANDS[word], arguments[:position] + arguments[position + 1 :]
            break
        name = word.lstrip("-")
        is_known = name in ("debug", "help", "show-default-model", "h")
        position += 1 if "=" in word or is_known else 2
    return ROOT, arguments


class _Parser:
    """Takes words one by one, as pflag does with flags and arguments in any order."""

    def __init__(self, command: Command, flags: Sequence[Flag]) -> None:
        self._command = command
        self._long = {each.name: each for each in flags}
        self._short = {each.short: each for each in flags if each.short}
        self.values: dict[str, list[str]] = {each.name: [each.default] if each.default else [] for each in flags}
        self.given: set[str] = set()
        self.arguments: list[str] = []
        self.notices: list[str] = []

    def take(self, words: list[str]) -> None:
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                self.arguments += rest
                return
            if not word.startswith("-") or word == "-":
                self.arguments.append(word)
            elif word.startswith("--"):
                self._take_long(word, rest)
            else:
                self._take_short(word, rest)

    def _take_long(self, word: str, rest: list[str]) -> None:
        name, equals, value = word[2:].partition("=")
        if not name or name.startswith("-"):
            raise FlagError(f"bad flag syntax: {word}", self._command)
        flag = self._long.get(name)
        if flag is None:
            raise FlagError(f"unknown flag: --{name}", self._command)
        if not equals:
            if flag.kind == "bool":
                value = "true"
            elif rest:
                value = rest.pop(0)
            else:
                raise FlagError(f"flag needs an argument: {word}", self._command)
        self._set(flag, value)

    def _take_short(self, word: str, rest: list[str]) -> None:
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            flag = self._short.get(letter)
            if flag is None:
                raise FlagError(f"unknown shorthand flag: '{letter}' in {word}", self._command)
            if letters.startswith("="):
                self._set(flag, letters[1:])
                return
            if flag.kind == "bool":
                self._set(flag, "true")
                continue
            if not letters and not rest:
                raise FlagError(f"flag needs an argument: '{letter}' in {word}", self._command)
            self._set(flag, letters or rest.pop(0))
            return

    def _set(self, flag: Flag, value: str) -> None:
        problem = _problem(flag, value)
        if problem:
            name = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
            raise FlagError(f'invalid argument "{value}" for "{name}" flag: {problem}', self._command)
        if flag.deprecated:
            self.notices.append(f"Flag --{flag.name} has been deprecated, {flag.deprecated}")
        kept = self.values[flag.name] if flag.kind in ("strings", "stringArray") and flag.name in self.given else []
        self.values[flag.name] = [*kept, *(value.split(",") if flag.kind == "strings" else [value])]
        self.given.add(flag.name)


def _problem(flag: Flag, value: str) -> str:
    """Return what Go says of a value that does not fit, empty when it fits."""
    if flag.kind == "bool" and _boolean(value) is None:
        return f'strconv.ParseBool: parsing "{value}": invalid syntax'
    if flag.kind == "int":
        try:
            int(value, 0)
        except ValueError:
            return f'strconv.ParseInt: parsing "{value}": invalid syntax'
    return ""


def _boolean(value: str) -> bool | None:
    if value in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    return False if value in ("", "0", "f", "F", "FALSE", "false", "False") else None


def _unknown_command(word: str) -> str:
    close = [each for each in COMMANDS if each.startswith(word.lower()) or _distance(word.lower(), each) <= 2]
    text = f'unknown command "{word}" for "{PROGRAM}"'
    if close:
        text += "\n\nDid you mean this?\n" + "".join(f"\t{each}\n" for each in close)
    return text


def _distance(one: str, other: str) -> int:
    """Return the number of letters to change, add or drop to get from one word to the other."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, wanted in enumerate(other, 1):
            cost = previous + (letter != wanted)
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, cost)
    return row[-1]
