"""What is valid in fleet.yaml and still risky, or will not work: the files it names."""

from __future__ import annotations

import difflib
import stat
from pathlib import Path

from backends.errors import ConfigurationError
from console.configuration.kubeconfigs import contexts_of, mode_risk
from console.configuration.load import whole_path
from console.configuration.located import Located
from console.configuration.models import FleetFile
from console.configuration.problems import Problem


def warnings_of(fleet: FleetFile, located: Located, file: Path) -> list[Problem]:
    """Return the warnings about a valid configuration, in the order of the file."""
    found = _writable(file)
    for number, stamp in enumerate(fleet.stamps):
        kubeconfig = whole_path(stamp.cluster.kubeconfig, file.parent)
        found += _kubeconfig(number, kubeconfig, stamp.cluster.context, located)
        authority = stamp.application.ca_file if stamp.application else None
        if authority and not whole_path(authority, file.parent).is_file():
            key = ("stamps", number, "application", "ca_file")
            missing = f"{whole_path(authority, file.parent)} does not exist"
            found.append(Problem(*located.place(key), f"stamps[{number}].application.ca_file", missing))
    return found


def _kubeconfig(number: int, kubeconfig: Path, context: str, located: Located) -> list[Problem]:
    section = f"stamps[{number}].cluster"
    place = located.place(("stamps", number, "cluster", "kubeconfig"))
    try:
        known = contexts_of(kubeconfig)
    except ConfigurationError as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
        return [Problem(*place, f"{section}.kubeconfig", why, error.todo)]
    found = []
    risk = mode_risk(kubeconfig)
    if risk:
        found.append(Problem(*place, f"{section}.kubeconfig", risk, f"chmod 600 {kubeconfig}"))
    if context not in known:
        near = difflib.get_close_matches(context, known, n=1)
        todo = f"did you mean {near[0]}? " if near else ""
        found.append(
            Problem(
                *located.place(("stamps", number, "cluster", "context")),
                f"{section}.context",
                f"{kubeconfig} has no context {context!r}",
                f"{todo}it has: {', '.join(known)}",
            )
        )
    return found


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
