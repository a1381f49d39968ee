"""What was asked of the lab's API servers, written down outside of the program under test.

`audited_lab` runs `stampdeck lab` as a process whose API servers add each request to a file, as a real API server
does with `--audit-log-path`. `python -m tests.support.api_audit FILE …` is that process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.commands.lab_process import LabProcess
from tests.support.waiting import wait_until

_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_REVIEWS = ("/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/")
_SESSIONS = ("exec", "attach", "portforward")
"""Subresources that change things by what is done inside, however they are opened."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the API server got it."""

    method: str
    path: str
    agent: str
    dry_run: bool

    @property
    def is_write(self) -> bool:
        """Whether it could change anything: not a question about rights, not a trial that is thrown away."""
        if self.path.rsplit("/", 1)[-1] in _SESSIONS:
            return True
        return self.method in _CHANGING and not self.dry_run and not self.path.startswith(_REVIEWS)

    def __str__(self) -> str:
        return f"{self.method} {self.path}{' (dry run)' if self.dry_run else ''}"


class ApiAudit:
    """The requests of stampdeck to a lab's API servers, read from the file they are added to."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def requests(self) -> list[Request]:
        """Every request of stampdeck so far, of whatever process."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        found = [Request(**json.loads(line)) for line in lines]
        return [each for each in found if each.agent.startswith("stampdeck")]

    def writes(self) -> list[Request]:
        """Those that could change anything."""
        return [each for each in self.requests() if each.is_write]

    def expect_read_only(self) -> None:
        """Fail unless something was asked and nothing could have been changed."""
        assert self.requests(), "nothing was asked at all: this proves nothing"
        assert not self.writes(), [str(each) for each in self.writes()]


@contextmanager
def audited_lab(*arguments: str) -> Iterator[tuple[LabProcess, ApiAudit]]:
    """Run a lab in a process of its own, in a folder that is thrown away, with everything it is asked on record."""
    folder = Path(tempfile.mkdtemp(prefix="stampdeck-audited-"))
    try:
        lab, file = folder / "lab", folder / "requests.jsonl"
        words = [sys.executable, "-m", __name__, str(file), "lab", "--dir", str(lab), "--parent", str(os.getpid())]
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen([*words, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(lambda: (lab / "lab.json").exists() or child.poll() is not None, 60)
            assert child.poll() is None, (folder / "log").read_text()
            yield LabProcess(lab, child.pid), ApiAudit(file)
        finally:
            child.terminate()
            child.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _record(file: Path) -> None:
    """Have every API server of this process add each request to a file before it is served."""
    from backends.lab.kubernetes.dispatch import Dispatch

    log = file.open("a", encoding="utf-8", buffering=1)
    serve = Dispatch.serve

    async def recorded(self: Dispatch, request: Any) -> Any:
        query, body = request.query.get("dryRun") == "All", {}
        if request.method in ("POST", "DELETE") and request.can_read_body:
            try:
                body = json.loads(await request.read())
            except ValueError:
                body = {}
        options = body.get("deleteOptions", body) if isinstance(body, dict) else {}
        noted = {
            "method": request.method,
            "path": request.path,
            "agent": request.headers.get("User-Agent", ""),
            "dry_run": query or (isinstance(options, dict) and options.get("dryRun") == ["All"]),
        }
        log.write(f"{json.dumps(noted)}\n")
        return await serve(self, request)

    Dispatch.serve = recorded  # type: ignore[method-assign]


def main() -> int:
    """Record into the file named first, and run the command line that follows."""
    _record(Path(sys.argv[1]))
    from console.commands import run

    return run(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
