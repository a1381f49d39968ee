"""The program `aks-engine-azurestack` of the lab: one command line, its output on two streams, an exit code."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from backends.lab.engine.clock import SimulatedClock
from backends.lab.engine.command_line import FlagError, parse
from backends.lab.engine.definition import default_model
from backends.lab.engine.failure import EngineFailure, EnginePanic
from backends.lab.engine.flags import ROOT
from backends.lab.engine.session import Session
from backends.lab.engine.streams import OperationLog, take_signals, write
from backends.lab.engine.usage import error_text, help_text, usage

COMMANDS = {
    "addpool": "addpool",
    "completion": "completion",
    "deploy": "deploy",
    "generate": "generate",
    "get-logs": "get_logs",
    "get-versions": "get_versions",
    "help": "help",
    "rotate-certs": "rotate_certs",
    "scale": "scale",
    "upgrade": "upgrade",
    "version": "version",
}
"""The module in `commands` of each command; it has `run(session)`, and is imported only when it is asked for."""

_OUT, _ERR = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (the program's own without one) and return the exit code: 0, 1 for an error, 2 for a crash."""
    take_signals()
    clock = SimulatedClock.from_environment(os.environ)
    _keep_known_hosts(OperationLog(clock))
    try:
        call = parse(sys.argv[1:] if arguments is None else arguments)
    except FlagError as error:
        write(_ERR, error_text(str(error), error.command))
        return 1
    if call.notices:
        write(_ERR, "".join(f"{each}\n" for each in call.notices))
    if call.wants_help:
        write(_OUT, help_text(call.command))
        return 0
    if call.command is ROOT:
        if call.flag("show-default-model"):
            write(_OUT, json.dumps(default_model(), indent=2) + "\n")
        else:
            write(_ERR, usage(ROOT))
        return 0
    module = importlib.import_module(f"backends.lab.engine.commands.{COMMANDS[call.command.name]}")
    try:
        module.run(Session.begin(call, os.environ))
    except EngineFailure as error:
        if error.shows_usage_first:
            write(_ERR, usage(call.command))
        write(_ERR, f"Error: {error.text}\n" if error.hides_usage else error_text(error.text, call.command))
        return 1
    except EnginePanic as crash:
        write(_ERR, crash.dump)
        return 2
    return 0


def _keep_known_hosts(log: OperationLog) -> None:
    """Copy the user's known hosts to the engine's own folder, or say that there are none, before anything else."""
    home = Path.home()
    source = home / ".ssh" / "known_hosts"
    if not source.is_file():
        log.warn(f"failed to open file {source}")
        return
    own = home / ".aks-engine-azurestack"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(source, own / "known_hosts")
    except OSError as error:
        log.warn(f"failed to copy {source}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
