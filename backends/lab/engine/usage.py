"""Help and usage in the layout of cobra: what follows `Error:` and what --help prints."""

from __future__ import annotations

from collections.abc import Sequence

from backends.lab.engine.flags import COMMANDS, DEBUG, HELP, PROGRAM, ROOT, Command, Flag


def usage(command: Command) -> str:
    """Return a command's usage, with a newline at its end; after an error cobra prints one more."""
    if command is ROOT:
        return _root_usage()
    own = [*command.flags, Flag("help", f"help for {command.name}", "h", "bool")]
    return f"Usage:\n  {PROGRAM} {command.name} [flags]\n\nFlags:\n{_table(own)}\nGlobal Flags:\n{_table([DEBUG])}"


def help_text(command: Command) -> str:
    """Return what `--help` prints on stdout."""
    return f"{command.long}\n\n{usage(command)}"


def unknown_topic(words: Sequence[str]) -> str:
    """Return what `help` prints on stderr for something that is no command."""
    return f"Unknown help topic [{' '.join(f'`{each}`' for each in words)}]\n{usage(ROOT)}"


def error_text(text: str, command: Command | None) -> str:
    """Return what cobra prints on stderr for an error: with the command's usage, or without for an unknown command."""
    if command is not None:
        return f"Error: {text}\n{usage(command)}\n"
    return f"Error: {text}\nRun '{PROGRAM} --help' for usage.\n"


def _root_usage() -> str:
    width = max(len(each) for each in COMMANDS) + 2
    commands = "".join(f"  {name:{width}}{each.short}\n" for name, each in sorted(COMMANDS.items()))
    flags = [*ROOT.flags, Flag(HELP.name, f"help for {PROGRAM}", HELP.short, HELP.kind)]
    return (
        f"Usage:\n  {PROGRAM} [flags]\n  {PROGRAM} [command]\n\nAvailable Commands:\n{commands}\n"
        f'Flags:\n{_table(flags)}\nUse "{PROGRAM} [command] --help" for more information about a command.\n'
    )


def _table(flags: Sequence[Flag]) -> str:
    """Return one line for each flag, by name, descriptions in one column three spaces after the longest."""
    rows = []
    for flag in sorted(flags, key=lambda each: each.name):
        if flag.deprecated:
            continue
        left = f"  -{flag.short}, --{flag.name}" if flag.short else f"      --{flag.name}"
        value = flag.shown or ("" if flag.kind == "bool" else flag.kind)
        rows.append((f"{left} {value}" if value else left, flag.about + _default(flag)))
    width = max(len(left) for left, _ in rows) + 3
    return "".join(f"{left:{width}}{about}\n" for left, about in rows)


def _default(flag: Flag) -> str:
    if not flag.default or (flag.kind == "int" and flag.default == "0"):
        return ""
    return f' (default "{flag.default}")' if flag.kind == "string" else f" (default {flag.default})"
