"""The works on workloads, on the lab and on a real control plane: what they plan, do, and read back."""

from __future__ import annotations

from typing import Any

import pytest

from backends.clock import SystemClock
from backends.errors import Invalid, NotFound
from backends.kubernetes import Cluster
from backends.model.change import Impact
from backends.model.fields import text
from backends.model.proposal import Level
from backends.model.rollout import rollout_of
from backends.operations.gate_records import change_data, change_of
from backends.operations.work import PartlyDone, Verified, Work
from backends.operations.workload_works.autoscale import KIND, AutoscaleWork, Limits
from backends.operations.workload_works.image import SetImageWork, images_of
from backends.operations.workload_works.pausing import PauseWork, ResumeWork
from backends.operations.workload_works.restart import RestartWork
from backends.operations.workload_works.rollback import RollbackWork, revisions_of
from backends.operations.works import rebuild
from tests.contract.subject import Subject
from tests.support.fake_progress import FakeProgress
from tests.support.waiting import eventually

CLOCK = SystemClock()
FIRST, SECOND = "registry.example/web:v1", "registry.example/web:v2"


def deployment(name: str, replicas: int = 2) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "web", "image": FIRST, "resources": {"requests": {"cpu": "10m"}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


@pytest.fixture
async def web(subject: Subject, cluster: Cluster, namespace: str) -> str:
    """The namespace of a deployment `web` that has rolled out."""
    await subject.node(cluster)
    await cluster.create("deployments", deployment("web"), namespace=namespace)

    async def is_out() -> bool:
        return rollout_of(await cluster.get("deployments", "web", namespace)).done

    await eventually(is_out)
    return namespace


async def do(work: Work) -> tuple[str, FakeProgress, Verified]:
    """Act and verify, as the gate does after a yes."""
    progress = FakeProgress()
    said = await work.act(progress)
    return said, progress, await work.verify()


async def test_a_restart_replaces_every_pod_and_is_followed_to_its_end(cluster: Cluster, web: str) -> None:
    before = {text(each, "metadata", "uid") for each in await cluster.list_objects("pods", namespace=web)}
    work = await RestartWork.plan(cluster, "deploy", "web", web, CLOCK)
    assert work.change.impact is Impact.DISRUPTIVE
    assert "restartedAt" in (await work.preview()).diff
    assert {each.level for each in await work.findings()} == {Level.PASS}
    said, progress, verified = await do(work)
    assert verified.ok, verified
    assert said == f"deployment/web in {web} rolled out"
    assert verified.evidence == "2 of 2 replicas are updated and available"
    assert any("updated" in each or "pending termination" in each for each in progress.lines)

    async def are_replaced() -> bool:
        pods = await cluster.list_objects("pods", namespace=web)
        return not before & {text(each, "metadata", "uid") for each in pods}

    await eventually(are_replaced)


async def test_a_restart_that_was_done_is_not_done_again(cluster: Cluster, web: str) -> None:
    work = await RestartWork.plan(cluster, "deployment", "web", web, CLOCK)
    await do(work)
    generation = (await cluster.get("deployments", "web", web))["metadata"]["generation"]
    again = rebuild(change_of("orlando", change_data(work.change)), {"orlando": cluster}, CLOCK)
    assert again is not None
    _, progress, verified = await do(again)
    assert "as wanted already" in progress.lines[0] and verified.ok
    assert (await cluster.get("deployments", "web", web))["metadata"]["generation"] == generation


async def test_an_image_is_set_and_rolled_back_with_a_diff(cluster: Cluster, web: str) -> None:
    work = await SetImageWork.plan(cluster, "deployment", "web", web, {"web": SECOND}, CLOCK)
    diff = (await work.preview()).diff
    assert (f"-      - image: {FIRST}" in diff and f"+      - image: {SECOND}" in diff) or SECOND in diff
    assert images_of(await cluster.get("deployments", "web", web)) == {"web": FIRST}
    _, _, verified = await do(work)
    assert verified.ok and images_of(await cluster.get("deployments", "web", web)) == {"web": SECOND}

    known = await revisions_of(cluster, await cluster.get("deployments", "web", web))
    assert [each.images for each in known] == [(FIRST,), (SECOND,)]
    with pytest.raises(NotFound, match="roll back") as caught:
        await RollbackWork.plan(cluster, "deployment", "web", web, CLOCK, 99)
    assert caught.value.todo == "choose from 1, 2"
    with pytest.raises(Invalid):
        await RollbackWork.plan(cluster, "deployment", "web", web, CLOCK, 2)

    back = await RollbackWork.plan(cluster, "deployment", "web", web, CLOCK)
    preview = await back.preview()
    assert FIRST in preview.diff and "revision 1" in preview.notes[0]
    assert "pod-template-hash" not in preview.diff
    _, _, verified = await do(back)
    assert verified.ok, verified
    assert images_of(await cluster.get("deployments", "web", web)) == {"web": FIRST}


async def test_a_container_that_is_not_there_gets_no_image(cluster: Cluster, web: str) -> None:
    with pytest.raises(Invalid) as caught:
        await SetImageWork.plan(cluster, "deployment", "web", web, {"wbe": SECOND}, CLOCK)
    assert caught.value.todo == "name one of web"
    with pytest.raises(Invalid, match="cannot set images"):
        await SetImageWork.plan(cluster, "deployment", "web", web, {"web": "two words"}, CLOCK)


async def test_a_paused_deployment_rolls_out_when_it_is_resumed(cluster: Cluster, web: str) -> None:
    _, _, verified = await do(await PauseWork.plan(cluster, "deployment", "web", web, CLOCK))
    assert verified.ok
    refused = await (await RestartWork.plan(cluster, "deployment", "web", web, CLOCK)).findings()
    assert [(each.level, each.overridable) for each in refused if each.rule == "rollout-paused"] == [
        (Level.REFUSE, False)
    ]
    body = {"spec": {"template": {"metadata": {"annotations": {"while": "paused"}}}}}
    await cluster.patch("deployments", "web", body, namespace=web)
    resume = await ResumeWork.plan(cluster, "deployment", "web", web, CLOCK)
    assert "rollout-paused" not in {each.rule for each in await resume.findings()}
    said, _, verified = await do(resume)
    assert verified.ok and "rolled out" in said


async def test_stateful_and_daemon_sets_are_restarted_and_rolled_back(
    subject: Subject, cluster: Cluster, namespace: str
) -> None:
    chosen: dict[str, str] = {}
    if subject.name == "real":
        # A node of their own: those that other tests drained or let die would hold a rollout up for ever.
        chosen = {"rolls-out": namespace}
        await cluster.create("nodes", {"metadata": {"name": f"node-{namespace}", "labels": chosen}})
    await subject.node(cluster)
    for kind, extra in (("StatefulSet", {"replicas": 1, "serviceName": "db"}), ("DaemonSet", {})):
        made = deployment("db")
        made["spec"]["template"]["spec"]["nodeSelector"] = chosen
        made["kind"] = kind
        made["spec"].pop("replicas")
        made["spec"] |= extra
        plural = f"{kind.lower()}s"
        await cluster.create(plural, made, namespace=namespace)

        async def is_out(plural: str = plural) -> bool:
            return rollout_of(await cluster.get(plural, "db", namespace)).done

        await eventually(is_out)
        _, _, verified = await do(await SetImageWork.plan(cluster, kind, "db", namespace, {"web": SECOND}, CLOCK))
        assert verified.ok, (kind, verified)
        back = await RollbackWork.plan(cluster, kind, "db", namespace, CLOCK)
        assert FIRST in (await back.preview()).diff
        _, _, verified = await do(back)
        assert verified.ok, (kind, verified)
        assert images_of(await cluster.get(plural, "db", namespace)) == {"web": FIRST}
    if chosen:
        await cluster.delete("nodes", f"node-{namespace}")


async def test_an_autoscaler_is_made_and_changed(cluster: Cluster, web: str) -> None:
    work = await AutoscaleWork.plan(cluster, "deployment", "web", web, Limits(1, 10, 80))
    assert work.change.command.endswith("autoscale deployment/web --cpu-percent=80 --min=1 --max=10")
    diff = (await work.preview()).diff
    assert "+  maxReplicas: 10" in diff
    with pytest.raises(NotFound):
        await cluster.get(KIND, "web", web)
    _, _, verified = await do(work)
    assert verified.ok and "1 to 10 replicas at 80 % CPU" in verified.evidence

    smaller = await AutoscaleWork.plan(cluster, "deployment", "web", web, Limits(1, 4, 70))
    changed = [each for each in (await smaller.preview()).diff.splitlines() if each.startswith(("+  ", "-  "))]
    assert "-  maxReplicas: 10" in changed and "+  maxReplicas: 4" in changed
    _, _, verified = await do(smaller)
    assert verified.ok and "1 to 4 replicas at 70 % CPU" in verified.evidence
    with pytest.raises(Invalid, match="cannot autoscale"):
        await AutoscaleWork.plan(cluster, "deployment", "web", web, Limits(5, 4, 70))


async def test_a_rollout_that_cannot_end_says_which_pod_and_why(subject: Subject, cluster: Cluster, web: str) -> None:
    if subject.name == "real":
        pytest.skip("the played kubelet pulls every image")
    patch = {"spec": {"progressDeadlineSeconds": 5}}
    await cluster.patch("deployments", "web", patch, namespace=web)
    work = await SetImageWork.plan(cluster, "deployment", "web", web, {"web": "registry.example/web:missing"}, CLOCK)
    progress = FakeProgress()
    with pytest.raises(PartlyDone) as caught:
        await work.act(progress)
    assert "progress deadline" in caught.value.why and "image" in caught.value.why.lower()
    assert "stampdeck do rollback deployment/web" in caught.value.todo
    assert not (await work.verify()).ok
