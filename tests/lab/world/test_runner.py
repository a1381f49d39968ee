"""The whole lab: its folder, its control, and that it answers as itself."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import stat
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import yaml
from cryptography import x509

from backends.lab.control import LabControl, LabError
from backends.lab.runner import Lab, LabOptions, RunningLab, open_lab, run_lab
from tests.support.waiting import until


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(LabOptions(tmp_path / "lab", speed=50, incidents=False)) as found:
        yield found


def test_options_that_cannot_work_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give pods too"):
        Lab(LabOptions(tmp_path, changes_per_s=5))


async def test_nothing_in_the_folder_is_readable_by_others(lab: Lab) -> None:
    found = [lab.folder.path, *lab.folder.path.rglob("*")]
    assert len(found) > 20
    for path in found:
        runs = path.is_dir() or path.parent.name == "bin"
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if runs else 0o600), path


async def test_fleet_file_is_what_a_user_writes(lab: Lab) -> None:
    fleet = yaml.safe_load(lab.folder.config.read_text())
    assert [stamp["name"] for stamp in fleet["stamps"]] == ["orlando", "seattle"]
    first = fleet["stamps"][0]
    assert first["cluster"] == {"kubeconfig": "kube/orlando.yaml", "context": "orlando"}
    assert first["location"] == "Orlando, FL"
    async with aiohttp.ClientSession() as session, session.get(first["application"]["url"]) as response:
        assert (response.status, response.headers["X-Stamp"]) == (200, "orlando")
    kubeconfig = yaml.safe_load((lab.folder.path / "kube/orlando.yaml").read_text())
    assert kubeconfig["current-context"] == "orlando"
    assert [each["name"] for each in kubeconfig["contexts"]] == ["orlando", "orlando-reader"]
    limited = yaml.safe_load((lab.folder.path / "kube/orlando-scaler.yaml").read_text())
    assert limited["contexts"][0]["context"] == {
        "cluster": "orlando",
        "user": "orlando-scaler",
        "namespace": "default",
    }


async def test_every_account_of_lab_json_works_and_may_what_it_may(lab: Lab) -> None:
    document = json.loads((lab.folder.path / "lab.json").read_text())
    api = document["stamps"]["seattle"]["kubernetes"]
    for account in api["accounts"]:
        context = ssl.create_default_context(cafile=api["certificate_authority"])
        headers = {}
        if "certificate" in account:
            context.load_cert_chain(account["certificate"], account["key"])
        else:
            headers["Authorization"] = f"Bearer {account['token']}"
        admin, everywhere = "system:masters" in account["groups"], "namespace" not in account
        rights = (
            ("pods", everywhere),
            ("namespaces/default/pods", True),
            ("namespaces/kube-system/pods", everywhere),
            ("nodes", everywhere),
            ("secrets", admin),
        )
        async with aiohttp.ClientSession(headers=headers) as session:
            for path, allowed in rights:
                async with session.get(f"{api['url']}/api/v1/{path}", ssl=context) as response:
                    assert response.status == (200 if allowed else 403), (account["user"], path)


async def test_certificates_are_for_loopback_and_the_expired_one_is_expired(lab: Lab) -> None:
    served = x509.load_pem_x509_certificate((lab.folder.path / "pki/orlando-apiserver.crt").read_bytes())
    names = served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert "127.0.0.1" in [str(each) for each in names.get_values_for_type(x509.IPAddress)]
    expired = x509.load_pem_x509_certificate((lab.folder.path / "pki/orlando-apiserver-expired.crt").read_bytes())
    assert served.not_valid_after_utc > datetime.now(UTC) > expired.not_valid_after_utc


async def test_control_sets_shows_and_clears_faults(lab: Lab) -> None:
    control = LabControl.read(lab.folder.path)
    (fault,) = await control.fault("orlando", "api-slow=3", for_s=30)
    assert (fault.stamp, fault.name, fault.argument) == ("orlando", "api-slow", "3")
    assert fault.left_s is not None
    assert 25 < fault.left_s <= 30
    status = await control.status()
    assert (status.stamps, status.speed, status.seed) == (("orlando", "seattle"), 50, 1)
    assert [each.name for each in status.faults] == ["api-slow"]
    assert status.counts["seattle"]["nodes"] == 6
    assert [each.stamp for each in await control.fault("all", "app-error")] == ["orlando", "seattle"]
    assert len(await control.clear()) == 3
    assert (await control.status()).faults == ()
    assert await control.clear("orlando", "api-down") == ()


async def test_fault_ends_by_itself(lab: Lab) -> None:
    control = LabControl.read(lab.folder.path)
    await control.fault("seattle", "node-notready", for_s=0.3)
    assert lab.stamps["seattle"].world.kubelet.silent
    async with asyncio.timeout(5):
        while (await control.status()).faults:
            await asyncio.sleep(0)
    assert not lab.stamps["seattle"].world.kubelet.silent


@pytest.mark.parametrize(
    ("stamp", "fault", "words"),
    [
        ("orlando", "api-dwn", "did you mean api-down"),
        ("orland", "api-down", "did you mean orlando"),
        ("orlando", "node-gone=k8s-linuxpool-0", "unknown node 'k8s-linuxpool-0'"),
        ("orlando", "pods-crashloop=ratings-wep", "did you mean ratings-web"),
    ],
)
async def test_control_names_what_is_wrong(lab: Lab, stamp: str, fault: str, words: str) -> None:
    with pytest.raises(LabError, match=words):
        await LabControl.read(lab.folder.path).fault(stamp, fault)
    assert (await LabControl.read(lab.folder.path).status()).faults == ()


async def test_the_lab_of_one_node_answers(tmp_path: Path) -> None:
    async with open_lab(LabOptions(tmp_path / "lab", speed=50, stamps=1, nodes=1, incidents=False)) as lab:
        stamp = lab.stamps["orlando"]
        assert stamp.counts()["nodes"] == 1
        stamp.store.change("deployments.apps", "default", "ratings-web", lambda each: each["spec"].update(replicas=4))
        web = ("deployments.apps", "default", "ratings-web")
        await until(lambda: stamp.store.get(*web)["status"].get("readyReplicas") == 4)


async def test_the_service_of_the_metrics_api_is_unavailable_while_it_is_down(lab: Lab) -> None:
    stamp = lab.stamps["orlando"]

    def condition() -> tuple[str, str]:
        found = stamp.store.get("apiservices.apiregistration.k8s.io", "", "v1beta1.metrics.k8s.io")
        (only,) = found["status"]["conditions"]
        return only["status"], only["reason"]

    assert condition() == ("True", "Passed")
    stamp.faults.set("metrics-down")
    assert condition() == ("False", "MissingEndpoints")
    stamp.faults.clear()
    assert condition() == ("True", "Passed")


async def test_control_needs_its_token(lab: Lab) -> None:
    stranger = LabControl(lab.control.url, "guess", lab.folder.path)
    with pytest.raises(LabError, match="control token is wrong"):
        await stranger.status()


async def test_lab_that_does_not_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no lab is running in"):
        LabControl.read(tmp_path)
    (tmp_path / "lab.json").write_text("{}")
    with pytest.raises(LabError, match="cannot be used"):
        LabControl.read(tmp_path)


async def test_run_lab_tells_when_ready_and_takes_its_announcement_back(tmp_path: Path) -> None:
    stop, told = asyncio.Event(), []

    def ready(running: RunningLab) -> None:
        told.append(running)
        assert (tmp_path / "lab.json").exists()
        stop.set()

    await asyncio.wait_for(run_lab(LabOptions(tmp_path), ready, stop), 20)
    (running,) = told
    assert running.stamps == ("orlando", "seattle")
    assert set(running.addresses) >= {
        "control",
        *(f"{stamp}/{server}" for stamp in running.stamps for server in ("api", "application", "arm")),
    }
    assert not (tmp_path / "lab.json").exists()
    control = LabControl(running.addresses["control"], "any", tmp_path)
    with pytest.raises(LabError, match="does not answer"):
        await control.status()


async def _follow(lab: Lab, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin something endless at the API of orlando, over a bare connection, and return once it answers."""
    api = json.loads((lab.folder.path / "lab.json").read_text())["stamps"]["orlando"]["kubernetes"]
    tls = ssl.create_default_context(cafile=api["certificate_authority"])
    token = next(each["token"] for each in api["accounts"] if "token" in each and "system:masters" in each["groups"])
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(api["url"].rpartition(":")[2]), ssl=tls, server_hostname="localhost"
    )
    writer.write(f"GET {path} HTTP/1.1\r\nHost: lab\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert b" 200 " in await reader.readline()
    return reader, writer


def _web_log(lab: Lab) -> tuple[str, str]:
    """Return the path of a web pod's endless log, and the pod's node."""
    pods = lab.stamps["orlando"].store.listing("pods", "default")
    web = next(each for each in pods if each["metadata"]["name"].startswith("ratings-web"))
    path = f"/api/v1/namespaces/default/pods/{web['metadata']['name']}/log?follow=true"
    return path, web["spec"]["nodeName"]


async def test_it_stops_at_once_whoever_is_connected(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lab = Lab(LabOptions(tmp_path / "lab"))
    await lab.start()
    endless = [await _follow(lab, path) for path in ("/api/v1/pods?watch=1", _web_log(lab)[0])]
    application = lab.stamps["orlando"].application
    lab.stamps["orlando"].faults.set("link-black-hole")
    ports = (lab.control.port, application.port, lab.stamps["seattle"].application.port)
    bare = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
    for _, writer in bare:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: lab\r\nContent-Length: 9\r\n\r\n")
        await writer.drain()
    began = time.monotonic()
    await lab.stop()
    assert time.monotonic() - began < 2
    for _, writer in (*endless, *bare):
        writer.transport.abort()
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []


async def test_a_log_breaks_off_when_its_node_falls_silent(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    path, node = _web_log(lab)
    reader, writer = await _follow(lab, path)
    lab.stamps["orlando"].faults.set("node-notready", node)
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionError):
            while await reader.read(4096):
                pass
            raise ConnectionResetError
    writer.transport.abort()
    await until(lambda: lab.stamps["orlando"].world.kubelet.silent)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []
