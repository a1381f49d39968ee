"""The programs a helper VM has of its own: every release of the engine the lab has, and the one of its cluster."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import backends
from backends.lab.engine.releases import RELEASES, release_for
from backends.lab.ssh.sandbox import Sandbox

ENGINE = "aks-engine-azurestack"
_OLD_NAME = "aks-engine"
_FOLDER = ".engine"

_PROGRAM = """\
import sys

sys.path.insert(0, {root!r})
from backends.lab.engine.__main__ import main

sys.exit(main())
"""

# In /proc it shows as `python -I .../aks-engine-azurestack upgrade ...`, with every flag.
_LAUNCHER = """\
#!/bin/sh
export AKSE_SIM_RELEASE={release} AKSE_SIM_PYTHON={python}
exec {python} -I {program} "$@"
"""


def install_engine(sandbox: Sandbox, version: str) -> None:
    """Install all releases as `aks-engine-azurestack-vX.Y.Z`; that of the cluster's version also without a number."""
    folder = sandbox.programs / _FOLDER
    folder.mkdir(mode=0o700)
    program = folder / ENGINE
    sandbox.write_private(program, _PROGRAM.format(root=str(Path(backends.__path__[0]).resolve().parent)).encode())
    for each in RELEASES:
        _launch(sandbox, f"{ENGINE}-{each.name}", each.name, program)
    _launch(sandbox, ENGINE, release_for(version).name, program)
    (sandbox.programs / _OLD_NAME).symlink_to(ENGINE)


def _launch(sandbox: Sandbox, name: str, release: str, program: Path) -> None:
    script = _LAUNCHER.format(release=release, python=shlex.quote(sys.executable), program=shlex.quote(str(program)))
    sandbox.add_program(name, script)
