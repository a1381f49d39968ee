"""rotate-certs and get-logs against a stamp: they speak as the real engine did, and do what they say."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.lab.engine.sequences import differences
from tests.lab.engine.stand import Stand, engine_stand

FQDN = "k8s-orlando.orlando.cloudapp.azurestack.external"


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with engine_stand(tmp_path, speed=600) as stand:
        yield stand


def _model(stand: Stand) -> str:
    return str(stand.model_path.relative_to(stand.home))


def _rotating(stand: Stand, *more: str, host: str = FQDN, key: str = ".ssh/id_rsa") -> list[str]:
    return ["rotate-certs", "-g", "k8s-orlando", "-l", "orlando", "-m", _model(stand), "--ssh-host", host,
            "--linux-ssh-private-key", key, *stand.login, *more]  # fmt: skip


def _collecting(stand: Stand, *more: str, host: str = FQDN, key: str = ".ssh/id_rsa") -> list[str]:
    return ["get-logs", "-l", "orlando", "-m", _model(stand), "--ssh-host", host, "--linux-ssh-private-key", key,
            *more]  # fmt: skip


async def test_rotate_certs_goes_its_way_and_leaves_new_certificates(stand: Stand) -> None:
    folder = stand.model_path.parent
    before = {each.name: each.read_bytes() for each in folder.glob("*.crt")}
    started = {each["metadata"]["name"] for each in stand.stamp.store.each("pods")}
    boots = stand.nodes(lambda node: node["status"]["nodeInfo"]["bootID"])

    outcome = await stand.run(*_rotating(stand))

    outcome.agrees_with("92-rotate-certs-ok")
    after = {each.name: each.read_bytes() for each in folder.glob("*.crt")}
    assert sorted(after) == sorted(before)
    assert all(after[name] != before[name] for name in before)
    backup = folder / "_rotate_certs_backup"
    assert {each.name: each.read_bytes() for each in backup.glob("*.crt")} == before
    assert not (folder / "_rotate_certs_output").exists()
    assert stand.model["properties"]["certificateProfile"]["caCertificate"] == after["ca.crt"].decode()
    for path in (*folder.glob("*.key"), folder / "apimodel.json", folder / "kubeconfig" / "kubeconfig.orlando.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    rebooted = stand.nodes(lambda node: node["status"]["nodeInfo"]["bootID"])
    assert {name for name in boots if boots[name] != rebooted[name]} == {"master-0", "master-1", "master-2"}
    for resource in ("deployments.apps", "daemonsets.apps"):
        for each in stand.stamp.store.each(resource):
            assert "ca-rotation" in each["spec"]["template"]["metadata"]["annotations"]
    assert not started >= {each["metadata"]["name"] for each in stand.stamp.store.each("pods")}


async def test_rotate_certs_stops_where_ssh_does_not_answer(stand: Stand) -> None:
    outcome = await stand.run(*_rotating(stand, host="bastion.example"))

    assert differences(outcome, "92-rotate-certs-ssh-unreachable") == []
    assert outcome.error == (
        "validating ssh configuration: dialing ssh (bastion.example): "
        "dial tcp: lookup bastion.example on 127.0.0.53:53: no such host"
    )
    assert not (stand.model_path.parent / "_rotate_certs_backup").exists()


async def test_rotate_certs_asks_for_its_key_before_anything_else(stand: Stand) -> None:
    stand.stamp.board.set("arm-down", "")
    (stand.home / "other").write_bytes((stand.home / ".stampdeck-sp" / "key.pem").read_bytes())
    (stand.home / "none").write_text("no key")

    absent = await stand.run(*_rotating(stand, key="nokey"))
    crashed = await stand.run(*_rotating(stand))
    stand.stamp.board.clear("arm-down")
    foreign = await stand.run(*_rotating(stand, key="other"))
    broken = await stand.run(*_rotating(stand, key="none"))

    absent.agrees_with("55-rotate-nokey")
    assert absent.error == "validating rotate-certs args: specified --linux-ssh-private-key does not exist (nokey)"
    assert crashed.code == 2
    assert foreign.error.startswith(f"validating ssh configuration: dialing ssh ({FQDN}): ssh: handshake failed")
    assert broken.error.endswith("parsing ssh private key content: ssh: no key found")


async def test_another_host_key_than_the_known_one_is_refused(stand: Stand) -> None:
    (stand.home / ".ssh" / "known_hosts").write_text(f"{FQDN} ssh-rsa AAAA\n")

    rotating = await stand.run(*_rotating(stand))
    collecting = await stand.run(*_collecting(stand))

    cause = "ssh: handshake failed: knownhosts: key mismatch"
    assert rotating.error == f"validating ssh configuration: dialing ssh ({FQDN}): {cause}"
    assert rotating.ids("O") == ["cloud_profile", "ssh_hostkey_changed", "ssh_hostkey_changed"]
    assert collecting.error == f": creating SSH client: dialing jumpbox ({FQDN}): {cause}"


async def test_rotate_certs_does_not_begin_while_a_master_is_not_ready(stand: Stand) -> None:
    stand.stamp.board.set("node-notready", "k8s-master-35064155-1")
    await stand.stamp.until(lambda: stand.stamp.status("k8s-master-35064155-1") != "True", "a master is not ready")

    outcome = await stand.run(*_rotating(stand))

    assert outcome.code == 1
    assert outcome.error == "waiting for cluster nodes readiness: context deadline exceeded"
    assert outcome.ids("O")[-1] == "rc_wait_nodes"
    assert "Usage:" not in outcome.err


async def test_get_logs_brings_an_archive_of_every_node(stand: Stand) -> None:
    outcome = await stand.run(*_collecting(stand))

    outcome.agrees_with("93-get-logs-ok")
    assert outcome.err == ""
    archives = sorted((stand.model_path.parent / "_logs").iterdir())
    names = sorted(each["metadata"]["name"] for each in stand.stamp.store.each("nodes"))
    assert [each.stem for each in archives] == names
    assert {each.stat().st_mode & 0o777 for each in archives} == {0o644}
    with zipfile.ZipFile(archives[0]) as archive:
        node = archives[0].stem
        assert json.loads(archive.read(f"{node}/node.json"))["metadata"]["name"] == node
        pods = json.loads(archive.read(f"{node}/pods.json"))["items"]
        assert {each["spec"]["nodeName"] for each in pods} == {node}
        logs = [each for each in archive.namelist() if each.startswith(f"{node}/logs/kube-system_kube-proxy-")]
        assert archive.read(logs[0])


async def test_get_logs_of_some_nodes(stand: Stand) -> None:
    (stand.home / ".aks-engine-azurestack").mkdir(mode=0o700, exist_ok=True)

    masters = await stand.run(*_collecting(stand, "--control-plane-only", "-o", "."))
    one = await stand.run(*_collecting(stand, "--vm-names", "k8s-linuxpool-35064155-1,1012k8s010", "-o", "."))
    gone = await stand.run(*_collecting(stand, "--vm-names", "k8s-linuxpool-35064155-9"))

    assert sorted(each.names["node"] for each in masters.said["O"] if each.id == "gl_node") == [
        f"k8s-master-35064155-{index}" for index in range(3)
    ]
    assert [each.names.get("node") for each in one.said["O"] if each.id == "gl_node"] == ["k8s-linuxpool-35064155-1"]
    assert "Skipping node 1012k8s010, WindowsProfile was not provided" in one.out
    assert (stand.home / "k8s-linuxpool-35064155-1.zip").exists()
    assert gone.code == 1
    assert gone.error.startswith(": creating SSH client: dialing host (k8s-linuxpool-35064155-9): ssh: rejected")
    both = await stand.run(*_collecting(stand, "--control-plane-only", "--vm-names", "x"))
    assert both.error == "validating get-logs args: --control-plane-only and --vm-names are mutually exclusive"


async def test_archives_are_put_into_a_storage_container(stand: Stand) -> None:
    taken: dict[str, bytes] = {}

    async def take(request: web.Request) -> web.Response:
        assert request.headers["x-ms-blob-type"] == "BlockBlob"
        taken[request.match_info["name"]] = await request.read()
        return web.Response(status=201)

    app = web.Application(client_max_size=1 << 26)
    app.router.add_put("/logs/{name}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    name = "k8s-linuxpool-35064155-1.zip"
    one = ("--vm-names", "k8s-linuxpool-35064155-1", "--upload-sas-url")
    try:
        done = await stand.run(*_collecting(stand, *one, f"{address}/logs?sig=abc"))
        packed = (stand.model_path.parent / "_logs" / name).read_bytes()
        refused = await stand.run(*_collecting(stand, *one, f"{address}/elsewhere?sig=abc"))
        wrong = await stand.run(*_collecting(stand, *one, f"{address}?sig=abc"))
    finally:
        await runner.cleanup()

    assert (done.code, done.ids("O")[-2:]) == (0, ["gl_done", "gl_upload"])
    assert taken == {name: packed}
    assert (refused.code, refused.error) == (1, "uploading to storage account: 404 Not Found")
    assert refused.ids("O")[-2:] == ["gl_upload", "gl_upload"]
    assert wrong.error.startswith("validating get-logs args: invalid upload SAS URL format")
    assert "abc" not in refused.out + refused.err


async def test_get_logs_stops_at_the_first_node_when_ssh_does_not_answer(stand: Stand) -> None:
    outcome = await stand.run(*_collecting(stand, host="bastion.example"))

    assert differences(outcome, "93-get-logs-ssh-unreachable") == []
    assert outcome.error == (
        ": creating SSH client: dialing jumpbox (bastion.example): "
        "dial tcp: lookup bastion.example on 127.0.0.53:53: no such host"
    )
    assert "Usage:" not in outcome.err


async def test_get_logs_without_the_api_takes_those_of_the_control_plane(stand: Stand) -> None:
    await stand.stamp.api.stop()

    outcome = await stand.run(*_collecting(stand))

    assert outcome.ids("O")[:3] == ["cloud_profile", "gl_misc", "gl_misc"]
    assert len([each for each in outcome.ids("O") if each == "gl_node"]) == 3
    with zipfile.ZipFile(stand.model_path.parent / "_logs" / "k8s-master-35064155-0.zip") as archive:
        assert "connection refused" in archive.read("k8s-master-35064155-0/errors.txt").decode()


async def test_the_only_master_takes_its_api_away_while_it_is_rebooted(tmp_path: Path) -> None:
    async with engine_stand(tmp_path / "one", nodes=2) as stand:
        control_plane, seen = stand.stamp.arm.life.control_plane, list[bool]()
        control_plane.listen(lambda: seen.append(control_plane.is_up))

        outcome = await stand.run(*_rotating(stand))

        assert (outcome.code, outcome.err) == (0, "")
        assert False in seen
        assert seen[-1]
        assert outcome.ids("O")[-1] == "rc_done"
