"""An account with rights in one namespace: what it may do is done, everything else is refused in the API's words."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from backends.clock import SystemClock
from backends.errors import Forbidden
from backends.kubernetes import Cluster
from backends.model.journal import Author
from backends.model.stamp import ClusterAccess, Stamp
from backends.operations.ports import ClusterWriter, PatchKind
from backends.operations.team_lock import TeamLock
from tests.contract.subject import Object, Subject
from tests.support.waiting import eventually

RULES = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "patch", "update"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "list", "create", "update"]},
]


@pytest.fixture
async def scaler(subject: Subject, cluster: Cluster, namespace: str, tmp_path: Path) -> AsyncIterator[ClusterWriter]:
    """A service account of the namespace whose role lets it scale there, signed in by its token."""
    group = "rbac.authorization.k8s.io"
    await cluster.create("serviceaccounts", {"metadata": {"name": "scaler"}}, namespace=namespace)
    await cluster.create("roles", {"metadata": {"name": "scaler"}, "rules": RULES}, namespace=namespace)
    binding: Object = {
        "metadata": {"name": "scaler"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "scaler"},
        "subjects": [{"kind": "ServiceAccount", "name": "scaler", "namespace": namespace}],
    }
    await cluster.create("rolebindings", binding, namespace=namespace)
    issued = await cluster.create(
        "serviceaccounts",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}},
        namespace=namespace,
        name="scaler",
        subresource="token",
    )
    kubeconfig = _signed_in(subject.kubeconfig, issued["status"]["token"], tmp_path / "scaler")
    stamp = Stamp("orlando", ClusterAccess(kubeconfig, "scaler", requests_per_second=200.0))
    async with Cluster(stamp, SystemClock()) as opened:

        async def may_scale() -> bool:
            return (await opened.may("patch", "deploy", namespace=namespace, subresource="scale"))[0]

        await eventually(may_scale)  # the authorizer sees new roles a moment later
        yield opened


def _signed_in(given: Path, token: str, written: Path) -> Path:
    config = yaml.safe_load(given.read_text())
    (cluster,) = (each["context"]["cluster"] for each in config["contexts"] if each["name"] == "admin")
    config["users"] = [{"name": "scaler", "user": {"token": token}}]
    config["contexts"] = [{"name": "scaler", "context": {"cluster": cluster, "user": "scaler"}}]
    for each in config["clusters"]:
        authority = each["cluster"].pop("certificate-authority", None)
        if authority:
            content = (given.parent / authority).read_bytes()
            each["cluster"]["certificate-authority-data"] = base64.b64encode(content).decode()
    written.touch(mode=0o600)
    written.write_text(yaml.safe_dump(config))
    return written


async def test_what_it_may_is_done(scaler: ClusterWriter, cluster: Cluster, namespace: str) -> None:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "x.example/web:v1"}]}}
    deployment = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    await cluster.create("deploy", {"metadata": {"name": "web"}, "spec": deployment}, namespace=namespace)
    wanted = {"spec": {"replicas": 1}}
    await scaler.patch("deploy", "web", wanted, namespace=namespace, patch=PatchKind.MERGE, subresource="scale")
    assert (await scaler.get("deploy", "web", namespace))["spec"]["replicas"] == 1


async def test_what_it_may_not_is_refused_in_words(scaler: ClusterWriter, cluster: Cluster, namespace: str) -> None:
    async def refused(doing: str, call: object) -> None:
        with pytest.raises(Forbidden) as error:
            await call  # type: ignore[misc]
        assert doing in error.value.why, error.value.why
        assert f"system:serviceaccount:{namespace}:scaler" in error.value.why
        assert "kubectl auth can-i" in error.value.todo
        assert error.value.stamp == "orlando"

    node = {"spec": {"unschedulable": True}}
    body = {"metadata": {"name": "web"}}
    await refused('cannot patch resource "nodes"', scaler.patch("nodes", "node-0", node))
    await refused('cannot delete resource "pods"', scaler.delete("pods", "web-1", namespace=namespace))
    await refused('cannot create resource "pods/eviction"', scaler.evict("web-1", namespace))
    await refused('cannot create resource "configmaps"', scaler.create("cm", body, namespace=namespace))
    await refused(
        'cannot patch resource "deployments/scale" in API group "apps" in the namespace "default"',
        scaler.patch("deploy", "web", {}, namespace="default", patch=PatchKind.MERGE, subresource="scale"),
    )
    await refused('cannot update resource "deployments"', scaler.replace("deploy", "web", body, namespace=namespace))


async def test_it_can_take_the_team_lock_where_it_may(scaler: ClusterWriter, namespace: str) -> None:
    author = Author("ada", "bastion", "1")
    lock = TeamLock({"orlando": scaler}, author, SystemClock(), namespace=namespace)
    async with lock.hold("orlando", "scale web", "0a1b2c3d") as held:
        assert tuple(held.held_on) == ("orlando",)
        assert (await lock.holders())["orlando"] is not None
