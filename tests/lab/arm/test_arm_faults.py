"""Faults of the connection to Resource Manager, and which faults a stamp refuses."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from backends.lab.faults import FAULTS, refuse_argument
from tests.lab.arm.conftest import COMPUTE, ENGINE, VM, Stamp, running
from tests.support.waiting import eventually


async def knock(stamp: Stamp, authority: Path | None = None) -> httpx.Response:
    """Ask for the metadata on a new connection."""
    trust = ssl.create_default_context(cafile=str(authority or stamp.arm.authority_file))
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=5) as http:
        return await http.get(f"{stamp.arm.url}/metadata/endpoints", params={"api-version": "1.0"})


async def refused(stamp: Stamp) -> bool:
    try:
        await knock(stamp)
    except httpx.ConnectError:
        return True
    return False


@pytest.mark.parametrize("fault", ["arm-down", "link-cut"])
async def test_down_and_up_again_on_the_same_port(stamp: Stamp, fault: str) -> None:
    url = stamp.arm.url
    stamp.board.set(fault)
    await eventually(lambda: refused(stamp))
    assert (await stamp.ask_api("/readyz") is None) == (fault == "link-cut"), "the Kubernetes API is another server"
    stamp.board.clear(fault)

    async def answers() -> bool:
        return not await refused(stamp)

    await eventually(answers)
    assert stamp.arm.url == url


async def test_a_certificate_of_another_authority(stamp: Stamp) -> None:
    stamp.board.set("arm-untrusted")

    async def told() -> str:
        try:
            await knock(stamp)
        except httpx.ConnectError as error:
            return str(error)
        return ""

    assert "CERTIFICATE_VERIFY_FAILED" in await eventually(told)
    stamp.board.clear("arm-untrusted")

    async def answers() -> bool:
        return not await told()

    await eventually(answers)


async def test_throttling_says_when_to_come_again(stamp: Stamp) -> None:
    stamp.board.set("arm-throttled", "7")
    said = await stamp.ask("GET", VM, COMPUTE)
    assert (said.status_code, said.json()["error"]["code"]) == (429, "TooManyRequests")
    assert said.headers["Retry-After"] == "7"
    stamp.board.clear("arm-throttled")
    assert (await stamp.ask("GET", VM, COMPUTE)).status_code == 200


async def test_without_a_role_nothing_or_only_reading_is_left(stamp: Stamp) -> None:
    stamp.board.set("arm-forbidden")
    for method, path in (("GET", "/subscriptions/{}/providers"), ("GET", "/subscriptions/{}")):
        said = await stamp.ask(method, path.format(stamp.arm.cloud.subscription))
        assert (said.status_code, said.json()["error"]["code"]) == (403, "AuthorizationFailed")
    stamp.board.set("arm-forbidden", "write")
    assert (await stamp.ask("GET", f"/subscriptions/{stamp.arm.cloud.subscription}/providers")).status_code == 200
    said = await stamp.ask("PUT", "", json={"location": "orlando"})
    assert said.status_code == 403
    assert "'Microsoft.Resources/subscriptions/resourcegroups/write'" in said.json()["error"]["message"]


async def test_a_black_hole_is_for_the_resource_manager_too(stamp: Stamp) -> None:
    stamp.board.set("link-black-hole")
    trust = ssl.create_default_context(cafile=str(stamp.arm.authority_file))
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=0.3) as http:
        with pytest.raises(httpx.TimeoutException):
            await http.get(f"{stamp.arm.url}/metadata/endpoints", params={"api-version": "1.0"})


@pytest.mark.parametrize(
    ("name", "argument", "why"),
    [
        ("arm-forbidden", "", ""),
        ("arm-forbidden", "write", ""),
        ("arm-forbidden", "read", "none of write"),
        ("spn-expired", "stampdeck", ""),
        ("spn-expired", "me", "none of aks-engine, stampdeck, all"),
        ("quota-exceeded", "2", ""),
        ("quota-exceeded", "-1", "no whole number"),
        ("arm-throttled", "1.5", "no whole number"),
        ("image-missing", "anything", ""),
    ],
)
def test_arguments(name: str, argument: str, why: str) -> None:
    assert name in FAULTS
    assert (why in refuse_argument(name, argument)) if why else refuse_argument(name, argument) == ""


@pytest.mark.parametrize(
    ("name", "argument", "why"),
    [
        ("node-never-ready", "k8s-linuxpool-35064155-7", ""),
        ("node-never-ready", "", ""),
        ("node-never-ready", "k8s-linuxpool-35064155-x", "did you mean k8s-linuxpool-35064155-"),
        ("node-never-ready", "worker", "they are named k8s-POOL-35064155-NUMBER"),
        ("arm-failed", "k8s-master-35064155-0:50", ""),
        ("arm-failed", ":41", ""),
        ("arm-failed", "k8s-master-35064155-0:x", "no exit status"),
        ("arm-failed", "k8s-master-35064155-0:300", "no exit status"),
        ("arm-failed", "k8s-master-11111111-0", "no machine of this cluster"),
    ],
)
async def test_machines_are_named_as_the_clusters_are(tmp_path: Path, name: str, argument: str, why: str) -> None:
    async with running(tmp_path) as stamp:
        said = stamp.arm.refuse(name, argument)
    assert (why in said) if why else not said


async def test_secrets_are_in_files_of_the_owner_only(stamp: Stamp) -> None:
    assert stamp.arm.reader_secret_file.read_text().strip() == stamp.arm.reader.secret
    assert stamp.arm.reader_secret_file.stat().st_mode & 0o077 == 0
    assert stamp.arm.reader_secret_file.parent.stat().st_mode & 0o077 == 0
    everything = b"".join(path.read_bytes() for path in stamp.folder.path.rglob("*") if path.is_file())
    assert ENGINE.secret.encode() not in everything, "the engine's credentials are on the helper VM"
