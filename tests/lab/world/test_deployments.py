"""Rollouts: within surge and unavailability, back again, paused, stuck."""

from __future__ import annotations

from backends.lab.objects import Object
from backends.lab.world.shapes import condition
from tests.lab.world.conftest import Living, living, workload

PROBE = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 4}


def template(image: str, name: str = "demo", **more: object) -> Object:
    container = {"name": name, "image": image, **more}
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}


async def test_new_deployment_becomes_available_as_a_real_one_says(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", 3))
    await lab.until(lambda: lab.deployment("demo").get("status", {}).get("availableReplicas") == 3, "3 available")

    found = lab.deployment("demo")
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert (condition(found, "Available") or {})["reason"] == "MinimumReplicasAvailable"
    await lab.until(
        lambda: (condition(lab.deployment("demo"), "Progressing") or {})["reason"] == "NewReplicaSetAvailable",
        "progressed",
    )
    replica_set = lab.pods("demo")[0]["metadata"]["ownerReferences"][0]["name"]
    assert f"Scaled up replica set {replica_set} to 3" in lab.events("ScalingReplicaSet")
    assert sum("default/demo-" in text for text in lab.events("Scheduled")) == 3
    assert 'Pulling image "app:v1"' in lab.events("Pulling")


async def test_rolling_update_keeps_within_its_limits(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", 4, readinessProbe=PROBE))
    await lab.until(lambda: len(lab.ready("demo")) == 4, "4 ready")
    seen: list[tuple[int, int]] = []

    def finished() -> bool:
        seen.append((len(lab.pods("demo")), len(lab.ready("demo"))))
        status = lab.deployment("demo")["status"]
        return bool(status["observedGeneration"] == 2 and status.get("updatedReplicas") == status["replicas"] == 4)

    lab.edit("deployments.apps", "demo", template=template("app:v2", readinessProbe=PROBE))
    await lab.until(finished, "rolled out")
    assert max(total for total, _ in seen) == 5  # 25% surge
    assert min(ready for _, ready in seen) >= 3  # 25% unavailable
    await lab.until(
        lambda: {pod["spec"]["containers"][0]["image"] for pod in lab.pods("demo")} == {"app:v2"}, "all new"
    )


async def test_rolling_back_takes_the_old_replica_set_again(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", 2))
    await lab.until(lambda: len(lab.ready("demo")) == 2, "2 ready")
    first = lab.ready("demo")[0]["metadata"]["ownerReferences"][0]["name"]
    lab.edit("deployments.apps", "demo", template=template("app:v2"))
    await lab.until(lambda: not lab.store.get("replicasets.apps", "default", first)["spec"]["replicas"], "old gone")
    lab.edit("deployments.apps", "demo", template=template("app:v1"))
    await lab.until(
        lambda: lab.store.get("replicasets.apps", "default", first)["status"].get("readyReplicas") == 2, "back"
    )
    assert lab.deployment("demo")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert len([rs for rs in lab.store.each("replicasets.apps") if rs["metadata"]["name"].startswith("demo-")]) == 2


async def test_paused_deployment_does_not_roll_but_scales(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", 2))
    await lab.until(lambda: len(lab.ready("demo")) == 2, "2 ready")
    lab.edit("deployments.apps", "demo", paused=True)
    lab.edit("deployments.apps", "demo", template=template("app:v2"), replicas=3)
    await lab.until(lambda: len(lab.ready("demo")) == 3, "3 ready")
    assert {pod["spec"]["containers"][0]["image"] for pod in lab.pods("demo")} == {"app:v1"}
    assert (condition(lab.deployment("demo"), "Progressing") or {})["reason"] == "DeploymentPaused"
    lab.edit("deployments.apps", "demo", paused=False)
    await lab.until(
        lambda: {pod["spec"]["containers"][0]["image"] for pod in lab.ready("demo")} == {"app:v2"}, "rolled"
    )


async def test_broken_image_stops_the_rollout_and_passes_the_deadline(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", 4))
    await lab.until(lambda: len(lab.ready("demo")) == 4, "4 ready")
    lab.edit("deployments.apps", "demo", progressDeadlineSeconds=60, template=template("app:broken"))
    await lab.until(
        lambda: (condition(lab.deployment("demo"), "Progressing") or {})["reason"] == "ProgressDeadlineExceeded",
        "deadline",
    )
    assert len(lab.ready("demo")) >= 3
    waiting = [
        pod["status"]["containerStatuses"][0]["state"].get("waiting", {}).get("reason") for pod in lab.pods("demo")
    ]
    assert set(waiting) & {"ErrImagePull", "ImagePullBackOff"}


async def test_recreate_ends_all_old_pods_first(lab: Living) -> None:
    demo = workload("demo", 2)
    demo["spec"]["strategy"] = {"type": "Recreate"}
    lab.store.create("deployments.apps", demo)
    await lab.until(lambda: len(lab.ready("demo")) == 2, "2 ready")
    images: set[frozenset[str]] = set()

    def replaced() -> bool:
        names = [pod for pod in lab.store.listing("pods", "default") if pod["metadata"]["name"].startswith("demo")]
        images.add(frozenset(pod["spec"]["containers"][0]["image"] for pod in names))
        return {pod["spec"]["containers"][0]["image"] for pod in lab.ready("demo")} == {"app:v2"}

    lab.edit("deployments.apps", "demo", template=template("app:v2"))
    await lab.until(replaced, "replaced")
    assert frozenset({"app:v1", "app:v2"}) not in images
    assert {frozenset({"app:v1"}), frozenset({"app:v2"})} <= images


async def test_event_wording_follows_the_version() -> None:
    async with living(version="v1.20.2") as lab:
        lab.edit("deployments.apps", "ratings-web", replicas=5)
        await lab.until(lambda: len(lab.ready("ratings-web")) == 5, "5 ready")
        assert lab.events("ScalingReplicaSet")[0].endswith(" to 5")
    async with living(version="v1.29.15") as lab:
        lab.edit("deployments.apps", "ratings-web", replicas=5)
        await lab.until(lambda: len(lab.ready("ratings-web")) == 5, "5 ready")
        assert lab.events("ScalingReplicaSet")[0].endswith(" to 5 from 3")
