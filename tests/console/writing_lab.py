"""A lab for commands that change it, and the words to ask how it is."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.commands.lab_process import LabProcess
from tests.console.command_line import Outcome, stampdeck


def configure(lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a lab be the configuration of every command a test runs."""
    monkeypatch.setitem(os.environ, "STAMPDECK_CONFIG", str(lab.config))
    monkeypatch.setitem(os.environ, "STAMPDECK_LAB", str(lab.folder))


def do(*words: str) -> Outcome:
    """Run `stampdeck do`; no way it can end shows a traceback."""
    found = stampdeck("do", *words)
    assert "Traceback" not in found.err, found.err
    return found


def do_json(*words: str) -> tuple[int, dict[str, Any]]:
    """Run `stampdeck do` and return its code and the one change of its document."""
    found = do(*words, "-o", "json")
    assert found.out, found.err
    (change,) = json.loads(found.out)["changes"]
    assert isinstance(change, dict)
    return found.code, change


def ask_api(method: str, path: str, body: Any = None, stamp: str = "orlando") -> Any:
    """Ask a stamp's API as its administrator, past the command under test; a body is a merge patch."""
    folder = Path(os.environ["STAMPDECK_LAB"])
    config = yaml.safe_load((folder / "kube" / f"{stamp}.yaml").read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    tls = ssl.create_default_context(cadata=authority)
    with tempfile.NamedTemporaryFile() as certificate:
        for part in ("client-certificate-data", "client-key-data"):
            certificate.write(base64.b64decode(user[part]))
        certificate.flush()
        tls.load_cert_chain(certificate.name)
    headers = {"Content-Type": "application/merge-patch+json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(cluster["server"] + path, data, headers, method=method)
    with urllib.request.urlopen(request, context=tls) as answer:
        return json.load(answer)


_RATINGS_WEB = "/apis/apps/v1/namespaces/default/deployments/ratings-web"


def replicas(stamp: str) -> int:
    """Return how many replicas of ratings-web the stamp's API has."""
    return int(ask_api("GET", _RATINGS_WEB, stamp=stamp)["spec"]["replicas"])


def set_replicas(stamp: str, count: int) -> None:
    """Have so many replicas of ratings-web, whatever stampdeck thinks of it."""
    ask_api("PATCH", _RATINGS_WEB, {"spec": {"replicas": count}}, stamp)


def audited(operation: str = "") -> list[dict[str, Any]]:
    """Return the operations of the journal, newest first."""
    words = ("--operation", operation) if operation else ()
    listed = json.loads(stampdeck("audit", *words, "-o", "json").out)["operations"]
    assert isinstance(listed, list)
    return listed
