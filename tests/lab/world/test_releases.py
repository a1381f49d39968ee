"""Releases of the application that are no good: how each shows, and that going back mends it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from backends.lab.application import ApplicationServer
from backends.lab.certificates import Authority
from backends.lab.objects import Object
from backends.lab.world.images import exists
from backends.lab.world.shapes import condition
from tests.lab.world.conftest import Living

_WEB = "ratings.azurecr.io/ratings-web"


def release(lab: Living, tag: str, **spec: object) -> None:
    """Let ratings-web be rolled out with another tag, as `kubectl set image` does."""

    def edit(deployment: Object) -> None:
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = f"{_WEB}:{tag}"
        deployment["spec"].update(spec)

    lab.store.change("deployments.apps", "default", "ratings-web", edit)


def progress(lab: Living) -> str:
    return str((condition(lab.deployment("ratings-web"), "Progressing") or {}).get("reason"))


def running(lab: Living, tag: str) -> int:
    """Count the ready pods of a release."""
    return sum(pod["spec"]["containers"][0]["image"] == f"{_WEB}:{tag}" for pod in lab.ready("ratings-web"))


def waiting(lab: Living) -> set[str]:
    states = [each["state"] for pod in lab.pods("ratings-web") for each in pod["status"].get("containerStatuses") or ()]
    return {state["waiting"]["reason"] for state in states if "waiting" in state}


@pytest.fixture
async def application(lab: Living, tmp_path: Path) -> AsyncIterator[str]:
    """The address of the application."""
    pair = Authority("test").server(("127.0.0.1",))
    (tmp_path / "crt").write_bytes(pair.certificate)
    (tmp_path / "key").write_bytes(pair.key)
    server = ApplicationServer("orlando", lab.world, lab.board, random.Random(1))
    await server.start(tmp_path / "crt", tmp_path / "key")
    yield f"http://127.0.0.1:{server.port}/healthz"
    await server.stop()


async def statuses(url: str, count: int = 12) -> list[int]:
    """Ask the application some times."""
    found = []
    async with aiohttp.ClientSession() as session:
        for _ in range(count):
            async with session.get(url) as response:
                found.append(response.status)
    return found


async def test_a_tag_that_does_not_exist_costs_no_capacity_and_passes_the_deadline(lab: Living) -> None:
    release(lab, "v9", progressDeadlineSeconds=60)
    await lab.until(lambda: progress(lab) == "ProgressDeadlineExceeded", "deadline")
    assert waiting(lab) <= {"ErrImagePull", "ImagePullBackOff"}
    assert (running(lab, "v1"), running(lab, "v9")) == (3, 0)
    release(lab, "v1")
    await lab.until(lambda: progress(lab) == "NewReplicaSetAvailable", "back")


async def test_a_release_that_answers_errors_is_rolled_out_and_felt(lab: Living, application: str) -> None:
    assert set(await statuses(application)) == {200}
    release(lab, "v2-errors")
    await lab.until(lambda: running(lab, "v2-errors") == 3 and running(lab, "v1") == 0, "rolled out")
    assert set(await statuses(application)) == {500}
    release(lab, "v2")
    await lab.until(lambda: running(lab, "v2") == 3 and len(lab.ready("ratings-web")) == 3, "mended")
    assert set(await statuses(application)) == {200}


async def test_a_share_of_bad_pods_is_a_share_of_errors(lab: Living, application: str) -> None:
    release(lab, "v2-errors", strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    await lab.until(lambda: running(lab, "v2-errors") == 1, "the first")
    lab.edit("deployments.apps", "ratings-web", paused=True)
    await lab.until(lambda: running(lab, "v1") >= 1, "some are good still")
    found = await statuses(application, 60)
    assert {200, 500} == set(found)


async def test_a_release_that_is_never_ready_stops_the_rollout(lab: Living, application: str) -> None:
    release(lab, "v3-unready", progressDeadlineSeconds=60)
    await lab.until(lambda: progress(lab) == "ProgressDeadlineExceeded", "deadline")
    assert running(lab, "v3-unready") == 0
    assert set(await statuses(application)) == {200}


async def test_a_release_that_crashes_backs_off(lab: Living) -> None:
    release(lab, "v3-crash", strategy={"type": "Recreate", "rollingUpdate": None})
    await lab.until(lambda: "CrashLoopBackOff" in waiting(lab), "crashes")


async def test_a_slow_release_is_slow(lab: Living, application: str) -> None:
    release(lab, "v2-slow")
    await lab.until(lambda: running(lab, "v2-slow") == 3 and running(lab, "v1") == 0, "rolled out")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.9)) as session:
        with pytest.raises(TimeoutError):
            await session.get(application)


@pytest.mark.parametrize(
    ("image", "known"),
    [
        (f"{_WEB}:v1", True),
        (f"{_WEB}:v5-errors", True),
        (f"{_WEB}:v6", False),
        (f"{_WEB}:latest", False),
        ("registry.example/anything:else", True),
        ("registry.example/anything:missing", False),
    ],
)
def test_which_images_there_are(image: str, known: bool) -> None:
    assert exists(image) is known
