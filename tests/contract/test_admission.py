"""Refusals by admission webhooks, as a real API server words them: read as what they are, and not as missing rights."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from backends.errors import Forbidden, Invalid, ServerFailed, SourceError
from backends.kubernetes import Cluster
from backends.model.server_warnings import hear_warnings
from tests.contract.subject import Object, real_subject
from tests.support.authority import Authority
from tests.support.control_plane import ControlPlane, free_ports
from tests.support.waiting import eventually

pytestmark = [pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")]

AUTHORITY = Authority("webhook")
Verdict = Callable[[Object], Object]


@pytest.fixture
async def cluster(control_plane: ControlPlane) -> AsyncIterator[Cluster]:
    """Our client as administrator of a real API server: the lab has no webhooks."""
    async with real_subject(control_plane).cluster() as opened:
        yield opened


@pytest.fixture
async def namespace(cluster: Cluster, control_plane: ControlPlane) -> str:
    """A namespace whose label the webhooks of these tests look for."""
    name = await real_subject(control_plane).namespace(cluster)
    await cluster.patch("ns", name, {"metadata": {"labels": {"admitted-by": name}}})
    return name


@contextmanager
def admitting(verdict: Verdict, folder: Path) -> Iterator[int]:
    """Answer admission reviews over TLS on a free port of loopback, each on a connection that ends with its answer.

    In threads of its own: a connection that the API server would keep must not outlive the test's loop.
    """

    class Review(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            answer = {"uid": asked["uid"], **verdict(asked)}
            review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
            body = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*AUTHORITY.server("127.0.0.1").write(folder, "webhook"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Review) as server:
        server.daemon_threads = False  # closing waits for the answers that are being given
        server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()


@asynccontextmanager
async def configured(cluster: Cluster, namespace: str, port: int, side_effects: str = "None") -> AsyncIterator[None]:
    """Let the API server ask a webhook about the configmaps of a namespace, from the moment that it does."""
    hook: dict[str, Any] = {
        "name": "policy.tests.example",
        "clientConfig": {
            "url": f"https://127.0.0.1:{port}/",
            "caBundle": base64.b64encode(AUTHORITY.pem.encode()).decode(),
        },
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
        "namespaceSelector": {"matchLabels": {"admitted-by": namespace}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": side_effects,
        "timeoutSeconds": 5,
    }
    name = f"policy-{namespace}"
    await cluster.create("validatingwebhookconfigurations", {"metadata": {"name": name}, "webhooks": [hook]})

    async def is_asked() -> bool:
        try:
            await cluster.create("cm", {"metadata": {"name": "probe"}}, namespace=namespace, dry_run=True)
        except SourceError:
            return True
        return False

    try:
        await eventually(is_asked)
        yield
    finally:
        await cluster.delete("validatingwebhookconfigurations", name)


def _refusing_without_tag(status: Object) -> Verdict:
    def verdict(asked: Object) -> Object:
        if "tag" in (asked["object"]["metadata"].get("labels") or {}):
            return {"allowed": True, "warnings": ["tags will be checked"]}
        return {"allowed": False, "status": status}

    return verdict


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ({"message": "no tag"}, Invalid),
        ({"message": "no tag", "code": 403}, Forbidden),
        ({"message": "no tag", "code": 422}, Invalid),
    ],
)
async def test_a_webhook_says_no(
    cluster: Cluster, namespace: str, tmp_path: Path, status: Object, kind: type[SourceError]
) -> None:
    verdict = _refusing_without_tag(status)
    with admitting(verdict, tmp_path) as port:
        async with configured(cluster, namespace, port):
            await _expect_refusal(cluster, namespace, kind)


async def _expect_refusal(cluster: Cluster, namespace: str, kind: type[SourceError]) -> None:
    with pytest.raises(SourceError) as refused:
        await cluster.create("cm", {"metadata": {"name": "one"}}, namespace=namespace)
    assert type(refused.value) is kind
    assert refused.value.why == 'admission webhook "policy.tests.example" denied the request: no tag'
    assert "a rule of the cluster refused it, not your rights" in refused.value.todo
    with hear_warnings() as heard:
        await cluster.create("cm", {"metadata": {"name": "one", "labels": {"tag": "1"}}}, namespace=namespace)
    assert heard == ["tags will be checked"]


async def test_a_webhook_that_does_not_answer(cluster: Cluster, namespace: str) -> None:
    (port,) = free_ports(1)
    async with configured(cluster, namespace, port):
        with pytest.raises(ServerFailed, match='failed calling webhook "policy') as failed:
            await cluster.create("cm", {"metadata": {"name": "one"}}, namespace=namespace)
    assert "an admission webhook does not answer" in failed.value.todo
    assert "nothing was done" in failed.value.todo
    assert "not known" not in failed.value.why


async def test_a_dry_run_is_asked_about_too(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    with admitting(_refusing_without_tag({"message": "no tag"}), tmp_path) as port:
        async with configured(cluster, namespace, port, "NoneOnDryRun"):
            with pytest.raises(Invalid, match="no tag"):
                await cluster.create("cm", {"metadata": {"name": "one"}}, namespace=namespace, dry_run=True)
