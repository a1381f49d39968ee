"""Writing a first fleet.yaml: commented, private, and never over an existing one unless told to."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from backends.errors import ConfigurationError
from console.configuration.folders import make_private


@dataclass(frozen=True, slots=True)
class StampDraft:
    """The answers about one stamp."""

    name: str
    kubeconfig: str
    context: str
    protection: str = "confirm"
    url: str = ""


def name_from(context: str, taken: Sequence[str]) -> str:
    """Return a valid stamp name made from a context's name, different from those taken."""
    base = re.sub(r"[^a-z0-9]+", "-", context.lower()).strip("-")[:60].strip("-") or "stamp"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}"[:63], number + 1
    return name


def draft_text(stamps: Sequence[StampDraft]) -> str:
    """Return the text of a fleet.yaml for the drafts; what can be added is there as comments."""
    lines = [
        "# The stamps of this team. `stampdeck config check` checks this file, `stampdeck config show` prints what it",
        "# amounts to, `stampdeck config schema` describes every key for editors.",
        "stamps:",
    ]
    for stamp in stamps:
        lines += [
            f"  - name: {_scalar(stamp.name)}",
            f"    protection: {stamp.protection}    # open | confirm | typed",
            "    cluster:",
            f"      kubeconfig: {_scalar(stamp.kubeconfig)}",
            f"      context: {_scalar(stamp.context)}",
        ]
        if stamp.url:
            lines += ["    application:", f"      url: {_scalar(stamp.url)}"]
        else:
            lines += ["    # application:", "    #   url: https://ratings.example.com/"]
    return "\n".join(lines) + "\n"


def write_private(file: Path, text: str, *, force: bool) -> None:
    """Write a new file with mode 0600; an existing one is replaced, whole or not at all, only by `force`."""
    if file.exists() and not force:
        raise ConfigurationError(f"{file} exists already", todo="edit it, name another with --config, or add --force")
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        if not file.parent.exists():
            make_private(file.parent)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:  # noqa: PTH123
            stream.write(text)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ConfigurationError(f"{file} cannot be written", why=error.strerror or str(error)) from None


def _scalar(text: str) -> str:
    dumped: str = yaml.safe_dump(text, default_flow_style=True, width=10_000)
    return dumped.removesuffix("\n").removesuffix("\n...")
