from __future__ import annotations

from typing import Any

import pytest

from backends.errors import Unreachable
from backends.model.intended import Intended
from backends.operations.drift import Drift
from tests.model.test_drift import deployment
from tests.support.fakes import FakeCluster

STAMPS = ("orlando", "seattle", "berlin")


def node(name: str, version: str, pool: str = "linuxpool") -> dict[str, Any]:
    labels = {"agentpool": pool}
    return {"metadata": {"name": name, "labels": labels}, "status": {"nodeInfo": {"kubeletVersion": version}}}


class Scene:
    def __init__(self) -> None:
        self.clusters = {name: FakeCluster(name) for name in STAMPS}
        for cluster in self.clusters.values():
            cluster.objects["nodes", "", "n0"] = node("n0", "v1.20.2")
            cluster.objects["deployments", "default", "web"] = deployment()
            cluster.objects["deployment", "default", "web"] = deployment()

    def put(self, stamp: str, obj: dict[str, Any]) -> None:
        for kind in ("deployments", "deployment"):
            self.clusters[stamp].objects[kind, "default", "web"] = obj

    def drift(self, *declared: Intended) -> Drift:
        return Drift(self.clusters, declared)


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_equal_stamps_do_not_drift(scene: Scene) -> None:
    survey = await scene.drift().survey()
    assert survey.drifting == () and survey.unknown == {}
    assert {(each.what, each.aspect) for each in survey.aspects} >= {
        ("cluster", "Kubernetes version"),
        ("nodes", "kubelet versions (linuxpool)"),
        ("deployment/web", "image of web"),
        ("deployment/web", "replicas"),
    }


async def test_images_sizes_and_versions_that_differ_come_first(scene: Scene) -> None:
    scene.put("seattle", deployment("web:v2", 2))
    scene.clusters["berlin"].server_version = "v1.21.0"
    survey = await scene.drift(Intended("deployment/web", "replicas", "half the size")).survey()
    assert [(each.what, each.aspect) for each in survey.drifting] == [
        ("cluster", "Kubernetes version"),
        ("deployment/web", "image of web"),
    ]
    (replicas,) = [each for each in survey.aspects if each.aspect == "replicas"]
    assert not replicas.same and replicas.reason == "half the size"
    assert dict(replicas.values) == {"orlando": "3", "seattle": "2", "berlin": "3"}


async def test_a_rollout_that_is_paused_on_one_stamp_drifts(scene: Scene) -> None:
    paused = deployment()
    paused["spec"]["paused"] = True
    scene.put("berlin", paused)
    (found,) = (await scene.drift().survey()).drifting
    assert (found.aspect, found.values["berlin"], found.values["orlando"]) == ("rollout", "paused", "not paused")


async def test_an_object_that_is_missing_somewhere_drifts(scene: Scene) -> None:
    del scene.clusters["berlin"].objects["deployments", "default", "web"]
    del scene.clusters["berlin"].objects["deployment", "default", "web"]
    drifting = (await scene.drift().survey()).drifting
    assert ("deployment/web", "replicas") in {(each.what, each.aspect) for each in drifting}
    comparison = await scene.drift().compare("deployment", "web", "default")
    assert comparison.missing == ("berlin",) and comparison.compared == ("orlando", "seattle")
    assert comparison.drifts


async def test_a_stamp_that_does_not_answer_is_not_known_and_no_drift(scene: Scene) -> None:
    gone = Unreachable("the API does not answer", stamp="seattle")
    scene.clusters["seattle"].failing.update({"version": gone, "list_objects": gone, "get": gone})
    survey = await scene.drift().survey()
    assert survey.drifting == ()
    assert "does not answer" in survey.unknown["seattle"]
    assert all(each.values["seattle"] is None for each in survey.aspects)
    comparison = await scene.drift().compare("deployment", "web", "default")
    assert not comparison.drifts and comparison.unknown and "seattle" in comparison.unknown


async def test_one_object_is_compared_in_every_detail(scene: Scene) -> None:
    scene.put("seattle", deployment("web:v2"))
    comparison = await scene.drift().compare("deployment", "web", "default")
    assert [each.path for each in comparison.differences] == ["spec.template.spec.containers[web].image"]
    only = await scene.drift().compare("deployment", "web", "default", ("orlando", "berlin"))
    assert not only.drifts and only.compared == ("orlando", "berlin")
