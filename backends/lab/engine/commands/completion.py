"""`completion`: a script for bash that completes commands and flags."""

from __future__ import annotations

from backends.lab.engine.flags import COMMANDS, DEBUG, HELP, PROGRAM
from backends.lab.engine.session import Session
from backends.lab.engine.streams import write

_SCRIPT = """# bash completion for {program}
__{function}_complete() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" words
    case "${{COMP_WORDS[1]}}" in
{cases}
    *) words="{commands}" ;;
    esac
    [[ $COMP_CWORD -eq 1 ]] && words="{commands}"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o default -F __{function}_complete {program}
"""


def run(session: Session) -> None:
    """Print the script."""
    cases = []
    for name, each in sorted(COMMANDS.items()):
        words = " ".join(f"--{flag.name}" for flag in (*each.flags, HELP, DEBUG) if not flag.deprecated)
        cases.append(f'    {name}) words="{words}" ;;')
    write(1, _SCRIPT.format(
        program=PROGRAM, function=PROGRAM.replace("-", "_"), commands=" ".join(sorted(COMMANDS)),
        cases="\n".join(cases),
    ))  # fmt: skip
