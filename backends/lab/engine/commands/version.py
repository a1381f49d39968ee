"""`version`: which release this is; the only command that tells it is a stand-in."""

from __future__ import annotations

import json

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.session import Session
from backends.lab.engine.streams import write


def run(session: Session) -> None:
    """Print the release as text or JSON; raises `EngineFailure` for another form."""
    release = session.release
    form = session.call.text("output")
    if form == "human":
        write(1, f"Version: {release.name}\nGitCommit: {release.commit}\nGitTreeState: simulated\n")
    elif form == "json":
        document = {"GitTag": release.name, "GitCommit": release.commit, "GitTreeState": "simulated"}
        write(1, json.dumps(document, indent=2) + "\n\n")
    else:
        raise EngineFailure(f'output format "{form}" is not supported')
