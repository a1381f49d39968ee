"""Our writer on real APIs: conflicts, the four patches, dry runs, deletions and evictions with their conditions."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import BudgetBlocked, Conflict, Invalid, NotFound, SourceError
from backends.kubernetes import Cluster
from backends.model.server_warnings import hear_warnings
from backends.operations.ports import ClusterWriter, PatchKind
from tests.contract.subject import Object, Subject
from tests.support.waiting import eventually


@pytest.fixture
def writer(cluster: Cluster) -> ClusterWriter:
    """Our client, as the operations know it."""
    return cluster


def _deployment(name: str = "web", replicas: int = 0) -> Object:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "x.example/web:v1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


async def test_a_stale_scale_conflicts(writer: ClusterWriter, namespace: str) -> None:
    await writer.create("deploy", _deployment(), namespace=namespace)

    async def scale() -> Object:
        return await writer.patch("deploy", "web", {}, namespace=namespace, patch=PatchKind.MERGE, subresource="scale")

    # Once the controller has noted what it observed nobody but us writes it.
    async def is_settled() -> bool:
        status = (await writer.get("deploy", "web", namespace)).get("status") or {}
        return status.get("observedGeneration") == 1 and len(status.get("conditions") or ()) > 0

    await eventually(is_settled)
    read = await scale()
    await writer.patch(
        "deploy", "web", {"spec": {"replicas": 1}}, namespace=namespace, patch=PatchKind.MERGE, subresource="scale"
    )
    with pytest.raises(Conflict, match="the object has been modified") as stale:
        await writer.replace(
            "deploy", "web", read | {"spec": {"replicas": 5}}, namespace=namespace, subresource="scale"
        )
    assert stale.value.what == "cannot replace scale of deployment web"
    assert "somebody changed it meanwhile" in stale.value.todo
    assert (await writer.get("deploy", "web", namespace))["spec"]["replicas"] == 1


async def test_a_name_that_is_taken_is_told_apart(writer: ClusterWriter, namespace: str) -> None:
    body: Object = {"metadata": {"name": "one"}, "data": {"a": "1"}}
    first = await writer.create("cm", body, namespace=namespace)
    assert first["metadata"]["resourceVersion"]
    with pytest.raises(Conflict, match='"one" already exists — take another name'):
        await writer.create("cm", body, namespace=namespace)
    with pytest.raises(NotFound, match='"two" not found'):
        await writer.patch("cm", "two", {}, namespace=namespace)


async def test_each_kind_of_patch(writer: ClusterWriter, namespace: str) -> None:
    await writer.create("deploy", _deployment(), namespace=namespace)

    async def patch(kind: PatchKind, body: Any, **options: Any) -> list[str]:
        changed = await writer.patch("deploy", "web", body, namespace=namespace, patch=kind, **options)
        return sorted(each["name"] for each in changed["spec"]["template"]["spec"]["containers"])

    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "image": "x.example/s:v1"}]}}}}
    assert await patch(PatchKind.STRATEGIC, sidecar) == ["sidecar", "web"]
    assert await patch(PatchKind.MERGE, sidecar) == ["sidecar"]
    rename = {"op": "replace", "path": "/spec/template/spec/containers/0/name", "value": "other"}
    assert await patch(PatchKind.JSON, [rename]) == ["other"]
    with pytest.raises(Invalid):
        await patch(PatchKind.JSON, [{"op": "test", "path": "/spec/replicas", "value": 77}])
    applied: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "y": "1"}}
    await writer.patch("cm", "a", applied, namespace=namespace, patch=PatchKind.APPLY)
    again = await writer.patch("cm", "a", applied | {"data": {"x": "2"}}, namespace=namespace, patch=PatchKind.APPLY)
    assert again["data"] == {"x": "2"}, "what the same manager no longer mentions goes away"
    assert {each["manager"] for each in again["metadata"]["managedFields"]} == {"stampdeck"}


async def test_a_dry_run_keeps_nothing(
    subject: Subject, writer: ClusterWriter, cluster: Cluster, namespace: str
) -> None:
    kept = await writer.create("cm", {"metadata": {"name": "kept"}, "data": {"a": "1"}}, namespace=namespace)
    made = await writer.create("cm", {"metadata": {"name": "not-kept"}}, namespace=namespace, dry_run=True)
    assert made["metadata"]["uid"], "the server does everything but keep it"
    changed = await writer.replace("cm", "kept", kept | {"data": {"a": "2"}}, dry_run=True)
    assert changed["data"] == {"a": "2"}
    patched = await writer.patch("cm", "kept", {"data": {"b": "3"}}, namespace=namespace, dry_run=True)
    assert patched["data"] == {"a": "1", "b": "3"}
    await writer.delete("cm", "kept", namespace=namespace, dry_run=True)
    assert await writer.get("cm", "kept", namespace) == kept
    with pytest.raises(NotFound):
        await writer.get("cm", "not-kept", namespace)
    await subject.pod(cluster, namespace, "web-1")
    before = await writer.get("pods", "web-1", namespace)
    await writer.evict("web-1", namespace, dry_run=True)
    await writer.delete("pods", "web-1", namespace=namespace, grace_s=0, dry_run=True)
    assert "deletionTimestamp" not in (await writer.get("pods", "web-1", namespace))["metadata"]
    assert (await writer.get("pods", "web-1", namespace))["metadata"]["uid"] == before["metadata"]["uid"]


async def test_what_a_dry_run_finds_wrong_is_listed_by_field(writer: ClusterWriter, namespace: str) -> None:
    wrong = _deployment()
    wrong["spec"] |= {"replicas": -1, "minReadySeconds": -5}
    with pytest.raises(Invalid) as refused:
        await writer.create("deploy", wrong, namespace=namespace, dry_run=True)
    assert refused.value.why.startswith('Deployment "web" is invalid: spec.')
    assert "spec.replicas: Invalid value: -1: must be greater than or equal to 0" in refused.value.why
    assert (
        "; spec.minReadySeconds: Invalid value: -5" in refused.value.why or "spec.minReadySeconds" in refused.value.why
    )
    assert refused.value.what == "cannot create deployment web (dry run)"


async def test_only_the_object_that_was_seen_is_deleted(writer: ClusterWriter, namespace: str) -> None:
    first = await writer.create("cm", {"metadata": {"name": "one"}}, namespace=namespace)
    await writer.delete("cm", "one", namespace=namespace, uid=first["metadata"]["uid"])
    second = await writer.create("cm", {"metadata": {"name": "one"}}, namespace=namespace)
    with pytest.raises(Conflict, match=r"UID in (the )?precondition"):
        await writer.delete("cm", "one", namespace=namespace, uid=first["metadata"]["uid"])
    assert (await writer.get("cm", "one", namespace))["metadata"]["uid"] == second["metadata"]["uid"]


@pytest.mark.parametrize("propagation", ["Foreground", "Background", "Orphan"])
async def test_what_belongs_to_a_deleted_object(writer: ClusterWriter, namespace: str, propagation: str) -> None:
    await writer.create("deploy", _deployment(), namespace=namespace)

    async def sets() -> list[Object]:
        return list(await writer.list_objects("rs", namespace=namespace))

    await eventually(sets)
    await writer.delete("deploy", "web", namespace=namespace, propagation=propagation)

    async def is_gone() -> bool:
        return not await writer.list_objects("deploy", namespace=namespace)

    await eventually(is_gone)
    if propagation == "Orphan":
        (left,) = await sets()
        assert not left["metadata"].get("ownerReferences")
    else:

        async def are_gone() -> bool:
            return not await sets()

        await eventually(are_gone)


async def _budget(subject: Subject, cluster: Cluster, namespace: str, name: str) -> str:
    """Make a budget that wants the one pod labelled app=web to stay, wait until it is counted, return its kind."""
    (kind,) = (each for each in await cluster.kinds() if each.resource == "poddisruptionbudgets")
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    await cluster.create("pdb", {"metadata": {"name": name}, "spec": spec}, namespace=namespace)
    await subject.budget_counted(cluster, kind.path(namespace, name))
    return kind.resource


async def test_a_budget_blocks_and_then_allows(
    subject: Subject, writer: ClusterWriter, cluster: Cluster, namespace: str
) -> None:
    await subject.pod(cluster, namespace, "web-1")
    pod = await writer.get("pods", "web-1", namespace)
    await _budget(subject, cluster, namespace, "web")
    with pytest.raises(BudgetBlocked) as blocked:
        await writer.evict("web-1", namespace, uid=pod["metadata"]["uid"])
    assert blocked.value.what == f"cannot evict pod {namespace}/web-1"
    assert "The disruption budget web needs 1 healthy pods and has 1 currently" in blocked.value.why
    assert "nothing was evicted" in blocked.value.todo
    with pytest.raises(BudgetBlocked):
        await writer.evict("web-1", namespace, dry_run=True)
    assert "deletionTimestamp" not in (await writer.get("pods", "web-1", namespace))["metadata"]
    await writer.patch("pdb", "web", {"spec": {"minAvailable": 0}}, namespace=namespace, patch=PatchKind.MERGE)

    async def is_evicted() -> bool:
        try:
            await writer.evict("web-1", namespace, uid=pod["metadata"]["uid"])
        except BudgetBlocked:
            return False  # its controller has not counted anew
        return True

    await eventually(is_evicted)

    async def is_gone() -> bool:
        try:
            return bool((await writer.get("pods", "web-1", namespace))["metadata"].get("deletionTimestamp"))
        except NotFound:
            return True

    assert await is_gone()


async def test_evictions_that_cannot_be(
    subject: Subject, writer: ClusterWriter, cluster: Cluster, namespace: str
) -> None:
    async def refusal(pod: str, uid: str = "") -> SourceError:
        with pytest.raises(SourceError) as refused:
            await writer.evict(pod, namespace, uid=uid)
        return refused.value

    assert isinstance(await refusal("no-such-pod"), NotFound)
    await subject.pod(cluster, namespace, "web-1")
    another = await refusal("web-1", uid="0a1b2c3d-0000-4000-8000-000000000000")
    assert isinstance(another, Conflict), "the pod of that name is another"
    for name in ("one", "two"):
        await _budget(subject, cluster, namespace, name)
    twice = await refusal("web-1")
    assert isinstance(twice, Invalid)
    assert "more than one PodDisruptionBudget" in twice.why
    assert twice.todo == "let only one budget select the pod"
    assert "deletionTimestamp" not in (await writer.get("pods", "web-1", namespace))["metadata"]


async def test_warnings_of_the_server_are_heard(subject: Subject, writer: ClusterWriter, namespace: str) -> None:
    with hear_warnings() as heard:
        if subject.name == "real":
            rule = {"http": {"paths": [{"path": "/", "backend": {"serviceName": "web", "servicePort": 80}}]}}
            ingress: Object = {"metadata": {"name": "web"}, "spec": {"rules": [rule]}}
            await writer.create("ingresses.extensions", ingress, namespace=namespace, dry_run=True)
        else:
            unknown: Object = {"metadata": {"name": "one"}, "no-such-field": 1}
            await writer.create("cm", unknown, namespace=namespace, dry_run=True)
    (warning,) = heard
    assert "deprecated" in warning if subject.name == "real" else 'unknown field "no-such-field"' in warning
