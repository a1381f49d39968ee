"""What is valid in fleet.yaml and still risky, or will not work: the files it names."""

from __future__ import annotations

import difflib
import stat
from pathlib import Path

from backends.errors import ConfigurationError
from backends.kubernetes import kubeconfig
from console.configuration.located import Located
from console.configuration.models import FleetFile
from console.configuration.paths import whole_path
from console.configuration.problems import Problem


def warnings_of(fleet: FleetFile, located: Located, file: Path) -> list[Problem]:
    """Return the warnings about a valid configuration, in the order of the file."""
    found = _writable(file)
    for number, stamp in enumerate(fleet.stamps):
        credentials = whole_path(stamp.cluster.kubeconfig, file.parent)
        found += _kubeconfig(number, credentials, stamp.cluster.context, located)
        authority = stamp.application.ca_file if stamp.application else None
        if authority and not whole_path(authority, file.parent).is_file():
            key = ("stamps", number, "application", "ca_file")
            missing = f"{whole_path(authority, file.parent)} does not exist"
            found.append(Problem(*located.place(key), f"stamps[{number}].application.ca_file", missing))
    return found


def _kubeconfig(number: int, file: Path, context: str, located: Located) -> list[Problem]:
    section = f"stamps[{number}].cluster"
    place = located.place(("stamps", number, "cluster", "kubeconfig"))
    try:
        known = kubeconfig.contexts(file)
        if context in known:
            return [Problem(*place, f"{section}.kubeconfig", warning) for warning in kubeconfig.check(file, context)]
    except ConfigurationError as error:
        return [Problem(*place, f"{section}.kubeconfig", f"{error.what}: {error.why}", error.todo)]
    near = difflib.get_close_matches(context, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    place = located.place(("stamps", number, "cluster", "context"))
    missing = f"{file} has no context {context!r}"
    return [Problem(*place, f"{section}.context", missing, f"{hint}it has: {', '.join(known) or 'none'}")]


def _writable(file: Path) -> list[Problem]:
    """Warn when others can change the file: a kubeconfig they name may run programs as its user."""
    mode = stat.S_IMODE(file.stat().st_mode)
    if not mode & 0o022:
        return []
    return [
        Problem(
            1, 1, "", f"others can change this file (mode {mode:04o}) and so choose what the console connects to",
            f"chmod 600 {file}",
        )
    ]  # fmt: skip
