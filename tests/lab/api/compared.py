"""The same requests put to the lab and to a real kube-apiserver, and where the answers differ."""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from tests.lab.api.support import Lab
from tests.support.control_plane import ADMIN_TOKEN, ControlPlane

VERSION = "v1.20.2"
"""The version of the real server."""
Request = tuple[str, str, Any, str | None]
"""Method, path, body, and the short name of the content type or None for JSON."""
TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


async def differences(plane: ControlPlane, lab: Lab, requests: Sequence[Request], *, owners: bool = True) -> str:
    """Ask both in the given order; return what differs in words, empty when nothing does.

    Without `owners` the managedFields are left out.
    """
    found = []
    for method, path, body, kind in requests:
        media = TYPES[kind] if kind else "application/json"
        status, real = _ask_real(plane, method, path, body, media)
        headers = {"Authorization": "Bearer admin-token", "User-Agent": "words/1", "Content-Type": media}
        data = None if body is None else json.dumps(body)
        async with lab.session.request(method, lab.url + path, data=data, headers=headers) as response:
            code, ours = response.status, _comparable(_decoded(await response.read()), owners=owners)
        real = _comparable(real, owners=owners)
        if (status, real) != (code, ours):
            codes = "" if status == code else f"  status {status}, ours {code}\n"
            found.append(f"{method} {path} {body}\n{codes}{_difference(real, ours)}")
    return "\n".join(found)


def _ask_real(plane: ControlPlane, method: str, path: str, body: Any, media: str) -> tuple[int, Any]:
    request = urllib.request.Request(plane.url + path, method=method)
    request.add_header("Authorization", f"Bearer {ADMIN_TOKEN}")
    request.add_header("User-Agent", "words/1")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", media)
    tls = ssl.create_default_context(cafile=str(plane.folder / "ca.crt"))
    try:
        with urllib.request.urlopen(request, timeout=10, context=tls) as answer:
            return answer.status, _decoded(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, _decoded(error.read())


def _decoded(body: bytes) -> Any:
    return json.loads(body) if body.startswith(b"{") else {"text": body.decode()}


def _comparable(value: Any, *, owners: bool = True) -> Any:
    """Return an answer without what cannot be the same: identities, revisions, times, chosen addresses."""
    text = json.dumps(value, sort_keys=True)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r'"resourceVersion": "\d+"', '"resourceVersion": "N"', text)
    text = re.sub(r"in record \(\d+\)", "in record (N)", text)
    found = json.loads(text)
    if str(found.get("kind", "")).endswith("Review"):
        found.pop("metadata", None)  # nobody owns the fields of a question
    _order_owners(found)
    if not owners:
        (found.get("metadata") or {}).pop("managedFields", None)
    if found.get("kind") == "Node":
        found.pop("status", None)  # a kubelet's to write
    details = found.get("details") or {}
    if "causes" in details:  # on updates the real server finds some twice
        details["causes"] = [each for at, each in enumerate(details["causes"]) if each not in details["causes"][:at]]
    _drop_unwritten(found)
    return found


def _order_owners(found: dict[str, Any]) -> None:
    """Put the owners of fields in order of their names: the server's is by time, which has seconds only."""
    for each in (found, *(found.get("items") or ())):
        owners = (each.get("metadata") or {}).get("managedFields")
        if owners:
            owners.sort(key=lambda owner: (owner["operation"], owner["manager"], owner["apiVersion"]))


def _drop_unwritten(value: Any) -> None:
    """Take away what the real server writes as null or empty where the lab leaves the field out."""
    if isinstance(value, dict):
        for key in list(value):
            if value[key] is None or value[key] in ({}, [], ""):
                del value[key]
            elif key != "fieldsV1":  # there an empty value is a field
                _drop_unwritten(value[key])
    elif isinstance(value, list):
        for each in value:
            _drop_unwritten(each)


def _difference(real: Any, ours: Any, path: str = "") -> str:
    """Return the places where two answers differ; of an error and a success only what was said."""
    if isinstance(real, dict) and isinstance(ours, dict):
        if not path and (real.get("kind") == "Status") != (ours.get("kind") == "Status"):
            real, ours = real.get("message", real.get("metadata")), ours.get("message", ours.get("metadata"))
            return _difference(real, ours, "answer")
        keys = sorted(set(real) | set(ours))
        return "".join(
            _difference(real.get(key), ours.get(key), f"{path}.{key}") for key in keys if real.get(key) != ours.get(key)
        )
    if isinstance(real, list) and isinstance(ours, list) and len(real) == len(ours):
        pairs = enumerate(zip(real, ours, strict=True))
        return "".join(_difference(one, other, f"{path}[{at}]") for at, (one, other) in pairs if one != other)
    return f"  {path}\n    real: {json.dumps(real)}\n    ours: {json.dumps(ours)}\n"
