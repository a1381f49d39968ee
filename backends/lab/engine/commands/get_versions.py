"""`get-versions`: the versions of Kubernetes a release supports, and what each can be upgraded to."""

from __future__ import annotations

import json

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.releases import Release
from backends.lab.engine.session import Session
from backends.lab.engine.streams import write


def run(session: Session) -> None:
    """Print the table, newest first, or JSON, oldest first; raises `EngineFailure` for a version never heard of."""
    wanted, form = session.call.text("version"), session.call.text("output")
    release = session.release
    if wanted and wanted not in release.known:
        raise EngineFailure(f"Kubernetes version {wanted} is not supported")
    versions = [wanted] if wanted else list(release.kubernetes)
    if form == "json":
        document = {"orchestrators": [_described(release, each) for each in versions]}
        write(1, json.dumps(document, indent=2) + "\n\n")
    elif form == "human":
        rows = [(each, ", ".join(release.upgrades(each))) for each in reversed(versions)]
        width = max(len(first) for first, _ in (("Version", ""), *rows)) + 1
        write(1, "".join(f"{first:{width}}{rest}\n" for first, rest in (("Version", "Upgrades"), *rows)))
    else:
        raise EngineFailure(f'output format "{form}" is not supported')


def _described(release: Release, version: str) -> dict[str, object]:
    described: dict[str, object] = {"orchestratorType": "Kubernetes", "orchestratorVersion": version}
    if version == release.default:
        described["default"] = True
    upgrades = release.upgrades(version)
    if upgrades:
        described["upgrades"] = [{"orchestratorType": "", "orchestratorVersion": each} for each in upgrades]
    return described
