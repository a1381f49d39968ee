"""What fails in the lab's background is told and goes on: no part of the world stands still unnoticed."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from backends.lab.faults import Fault
from backends.lab.objects import Object
from backends.lab.runner import Lab, LabOptions, open_lab
from backends.lab.stamp import LabStamp
from backends.lab.tasks import keep_running
from tests.support.waiting import until


class Unexpected(Exception):
    """A bug."""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(LabOptions(tmp_path / "lab", speed=20, stamps=1, incidents=False)) as found:
        yield found


@pytest.fixture
def stamp(lab: Lab) -> LabStamp:
    return lab.stamps["orlando"]


def _fail_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Callable[[], bool]:
    """Let the next call of a method fail; the returned function tells whether it did."""
    works = getattr(owner, name)
    failed: list[bool] = []

    def fail(*arguments: Any, **named: Any) -> Any:
        if failed:
            return works(*arguments, **named)
        failed.append(True)
        raise Unexpected(name)

    monkeypatch.setattr(owner, name, fail)
    return lambda: bool(failed)


def _told(caplog: pytest.LogCaptureFixture, name: str) -> bool:
    return any(
        name in each.getMessage() and each.exc_info and each.exc_info[0] is Unexpected
        for each in caplog.records
        if each.levelno >= logging.ERROR
    )


async def _watch_names(lab: Lab, stamp: LabStamp, seen: list[str]) -> None:
    """Watch ConfigMaps as a client does: begin anew when told that the past is forgotten."""
    api = json.loads((lab.folder.path / "lab.json").read_text())["stamps"]["orlando"]["kubernetes"]
    tls = ssl.create_default_context(cafile=api["certificate_authority"])
    token = next(each["token"] for each in api["accounts"] if "token" in each and "system:masters" in each["groups"])
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        while True:
            async with session.get(f"{stamp.api_url}/api/v1/configmaps?watch=1", ssl=tls) as response:
                async for line in response.content:
                    event = json.loads(line)
                    seen.append(event["object"]["metadata"].get("name", event["type"]))


def _make(stamp: LabStamp, name: str) -> None:
    meta = {"name": name, "namespace": "default"}
    stamp.store.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})


def _web_status(stamp: LabStamp) -> Object:
    status: Object = stamp.store.get("deployments.apps", "default", "ratings-web")["status"]
    return status


async def test_watches_go_on_after_the_pump_failed(
    lab: Lab, stamp: LabStamp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    watching = asyncio.create_task(_watch_names(lab, stamp, seen))
    _make(stamp, "before")
    await until(lambda: "before" in seen)
    assert stamp.api is not None
    failed = _fail_once(monkeypatch, stamp.api._context.hub, "_distribute")
    _make(stamp, "lost")
    await until(failed)
    await until(lambda: "lost" in seen)
    _make(stamp, "after")
    await until(lambda: "after" in seen)
    assert _told(caplog, "watch-hub-orlando")
    watching.cancel()


async def test_a_storm_of_410_in_the_moment_of_a_write_does_not_end_the_pump(lab: Lab, stamp: LabStamp) -> None:
    seen: list[str] = []
    watching = asyncio.create_task(_watch_names(lab, stamp, seen))
    for number in range(5):
        _make(stamp, f"before-{number}")
        stamp.faults.set("watch-410")
        stamp.faults.clear("watch-410")
        _make(stamp, f"after-{number}")
        await until(lambda name=f"after-{number}": name in seen)  # type: ignore[misc]
    watching.cancel()


async def test_the_world_moves_on_after_its_driver_failed(
    stamp: LabStamp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await until(_fail_once(monkeypatch, stamp.world.cluster.driver, "_until_next"))
    stamp.store.change("deployments.apps", "default", "ratings-web", lambda each: each["spec"].update(replicas=5))
    await until(lambda: _web_status(stamp).get("readyReplicas") == 5)
    assert _told(caplog, "world-orlando")


async def test_a_failing_controller_does_not_stop_the_others(
    stamp: LabStamp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = _fail_once(monkeypatch, stamp.world.kubelet, "reconcile")
    stamp.store.change("deployments.apps", "default", "ratings-web", lambda each: each["spec"].update(replicas=6))
    await until(failed)
    await until(lambda: _web_status(stamp).get("replicas") == 6)
    assert _told(caplog, "the simulated world failed")
    assert [type(each) for each in stamp.world.cluster.driver.failures] == [Unexpected]


@pytest.mark.parametrize(
    ("method", "fault"), [("refuse", "api-down"), ("cut", "api-down"), ("mute", "link-black-hole")]
)
async def test_the_link_follows_its_faults_after_a_failure(
    stamp: LabStamp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str, fault: str
) -> None:
    assert stamp.api is not None
    assert stamp.api._link is not None
    failed = _fail_once(monkeypatch, stamp.api._listener, method)
    stamp.faults.set(fault)
    await until(failed)
    await until(lambda: stamp.api and stamp.api._link and stamp.api._link._mode in ("refuse", "mute"))
    stamp.faults.clear()
    await until(lambda: stamp.api and stamp.api._link and stamp.api._link._mode == "serve")
    async with aiohttp.ClientSession() as session, session.get(f"{stamp.api_url}/version", ssl=False) as response:
        assert response.status == 200
    assert _told(caplog, "link-state-orlando")


async def test_the_application_follows_its_faults_after_a_failure(
    stamp: LabStamp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stamp.faults.set("link-cut")
    await until(lambda: not stamp.application._open)
    failed = _fail_once(monkeypatch, stamp.application, "_listen")
    stamp.faults.clear()
    await until(failed)
    await until(lambda: stamp.application._open)
    async with aiohttp.ClientSession() as session, session.get(f"{stamp.application_url}/healthz") as response:
        assert response.status == 200
    assert _told(caplog, "application-orlando")


async def test_faults_end_and_everybody_hears_of_it_although_one_listener_fails(
    stamp: LabStamp, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def fail(fault: Fault, begins: bool) -> None:
        if not begins:
            raise Unexpected

    stamp.faults.listen(fail)
    stamp.faults.listen(lambda fault, begins: heard.append(f"{fault.name} {begins}"))
    stamp.faults.set("app-error", for_s=0.05)
    await until(lambda: heard == ["app-error True", "app-error False"])
    stamp.faults.set("metrics-down", for_s=0.05)
    await until(lambda: heard[2:] == ["metrics-down True", "metrics-down False"])
    await until(lambda: _told(caplog, "expiry of faults"))


async def test_what_always_fails_is_tried_less_and_less_often(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[float] = []

    async def fail() -> None:
        tries.append(asyncio.get_running_loop().time())
        raise Unexpected

    task = keep_running("hopeless", fail)
    await until(lambda: len(tries) == 4)
    task.cancel()
    pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 0.15
    assert _told(caplog, "hopeless")
