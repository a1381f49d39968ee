"""A pod's life: pulled, started, crashed, backed off, ended."""

from __future__ import annotations

from typing import Any

from backends.lab.world.shapes import condition
from tests.lab.world.conftest import Living, workload


def state(pod: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = pod["status"]["containerStatuses"][0]
    return found


async def test_missing_image_backs_off(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", image="app:broken"))

    def backs_off() -> bool:
        pods = [pod for pod in lab.pods("demo") if pod["status"].get("containerStatuses")]
        return bool(pods) and state(pods[0])["state"].get("waiting", {}).get("reason") == "ImagePullBackOff"

    await lab.until(backs_off, "ImagePullBackOff")
    assert lab.events("BackOff") == ['Back-off pulling image "app:broken"']
    assert any("not found" in text for text in lab.events("Failed"))
    assert "Error: ErrImagePull" in lab.events("Failed")


async def test_crashing_workload_backs_off_longer_each_time_and_recovers(lab: Living) -> None:
    lab.board.set("pods-crashloop")

    def looping() -> bool:
        pods = lab.pods("ratings-api")
        return all(state(pod)["restartCount"] >= 2 and "waiting" in state(pod)["state"] for pod in pods)

    await lab.until(looping, "two restarts of both pods")
    pod = lab.pods("ratings-api")[0]
    waiting = state(pod)["state"]["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"
    assert waiting["message"].startswith("back-off ")
    assert waiting["message"].endswith(f"_default({pod['metadata']['uid']})")
    assert state(pod)["lastState"]["terminated"]["exitCode"] == 1
    assert (condition(pod, "Ready") or {})["reason"] == "ContainersNotReady"
    assert lab.world.tiers()["api"].answering == 0

    lab.board.clear("pods-crashloop")
    await lab.until(lambda: len(lab.ready("ratings-api")) == 2, "both ready again")
    await lab.until(lambda: lab.world.tiers()["api"].answering == 2, "listed again")


async def test_one_crash_restarts_at_once(lab: Living) -> None:
    pod = lab.pods("ratings-web")[0]
    lab.world.kubelet.crash(pod, 137)
    name = pod["metadata"]["name"]
    await lab.until(lambda: state(lab.pods(name)[0])["restartCount"] == 1, "restarted")
    await lab.until(lambda: len(lab.ready("ratings-web")) == 3, "ready again")
    assert state(lab.pods(name)[0])["lastState"]["terminated"]["exitCode"] == 137
    assert lab.events("BackOff") == []


async def test_deleted_pod_ends_gracefully_and_is_replaced(lab: Living) -> None:
    pod = lab.pods("ratings-web")[0]
    lab.world.cluster.delete_pod(pod)
    stopping = lab.store.get("pods", "default", pod["metadata"]["name"])
    assert stopping["metadata"]["deletionGracePeriodSeconds"] == 30
    await lab.until(lambda: lab.store.find("pods", "default", pod["metadata"]["name"]) is None, "gone")
    assert lab.events("Killing") == ["Stopping container ratings-web"]
    await lab.until(lambda: len(lab.ready("ratings-web")) == 3, "replaced")
