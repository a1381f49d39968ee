"""The stamp's Resource Manager read on the lab: both identity systems, paging, images, quotas, traces, faults."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.azure_stack import StampArmClient
from backends.clock import SystemClock
from backends.errors import CertificateRejected, Forbidden, NotFound, SourceError, Throttled, Unauthorized, Unreachable
from backends.model.azure_stack import (
    AzureStackAccess,
    BaseImage,
    IdentitySystem,
    MachineState,
    ReaderCredentials,
)
from tests.lab.arm.conftest import ENGINE, SUBSCRIPTION, Stamp, machine, running

IMAGE = BaseImage("microsoft-aks", "aks", "aks-engine-azurestack-ubuntu-2204", "2026.139.1")


def access(stamp: Stamp, **changes: object) -> AzureStackAccess:
    found: dict[str, object] = {
        "management": stamp.arm.url,
        "subscription": SUBSCRIPTION,
        "resource_group": "k8s-orlando",
        "location": "orlando",
        "identity_system": IdentitySystem(stamp.arm.identity_system),
        "ca_file": stamp.arm.authority_file,
        "reader": ReaderCredentials(stamp.arm.reader.client_id, stamp.arm.reader_secret_file),
        **changes,
    }
    return AzureStackAccess(**found)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def client(stamp: Stamp, **changes: object) -> AsyncIterator[StampArmClient]:
    found = StampArmClient("orlando", access(stamp, **changes), SystemClock())
    try:
        yield found
    finally:
        await found.aclose()


@pytest.fixture
async def stamp(tmp_path: Path) -> AsyncIterator[Stamp]:
    async with running(tmp_path, page_size=2) as found:
        yield found


async def test_machines_are_read_with_tags_and_state_over_several_pages(stamp: Stamp) -> None:
    async with client(stamp) as arm:
        found = {each.name: each for each in await arm.machines()}
    assert set(found) == {node["metadata"]["name"] for node in stamp.store.each("nodes")}
    assert len(found) > 4
    master = found[stamp.name("master", 0)]
    assert (master.pool, master.orchestrator, master.suffix) == ("master", "1.33.10", "35064155")
    assert (master.engine, master.image, master.state) == ("v0.85.0", str(IMAGE), MachineState.RUNNING)
    assert master.size and master.tags["creationSource"] == f"aksengine-{master.name}"


async def test_a_stamp_with_adfs_and_a_login_by_certificate(tmp_path: Path) -> None:
    pem = tmp_path / "reader.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(ENGINE.certificate + ENGINE.key)
    async with running(tmp_path, adfs=True) as stamp:
        async with client(stamp) as by_secret:
            assert await by_secret.machines()
        async with client(stamp, reader=ReaderCredentials(ENGINE.client_id, certificate_file=pem)) as by_certificate:
            assert await by_certificate.has_image(IMAGE)


async def test_a_login_by_certificate_with_entra_id_and_a_named_tenant(stamp: Stamp, tmp_path: Path) -> None:
    pem = tmp_path / "both.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(ENGINE.key + ENGINE.certificate)
    reader = ReaderCredentials(ENGINE.client_id, certificate_file=pem)
    async with client(stamp, reader=reader, tenant="44444444-5555-4666-8777-888888888888") as arm:
        assert await arm.has_image(IMAGE)


async def test_images_are_there_in_exactly_one_version(stamp: Stamp) -> None:
    async with client(stamp) as arm:
        assert await arm.has_image(IMAGE)
        other = BaseImage(IMAGE.publisher, IMAGE.offer, IMAGE.sku, "2026.139.2")
        assert not await arm.has_image(other)
        assert not await arm.has_image(BaseImage("a/../b", "x", "y?z", "1"))
        stamp.board.set("image-missing", "2026.139.1")
        assert not await arm.has_image(IMAGE)


async def test_quotas_and_traces(stamp: Stamp) -> None:
    async with client(stamp) as arm:
        usages = {each.name: each for each in await arm.usages()}
        assert usages["cores"].limit >= usages["cores"].used > 0
        assert "NetworkInterfaces" in usages
        stamp.board.set("arm-failed", stamp.name("linuxpool", 7))
        await stamp.deploy("k8s-upgrade-linuxpool-7-x", machine(stamp.name("linuxpool", 7)))
        newest, first = await arm.deployments()
        assert (newest.name, newest.state, first.state) == ("k8s-upgrade-linuxpool-7-x", "Failed", "Succeeded")
        assert newest.at > first.at > 0
        assert "VMExtensionProvisioningError" in newest.error and "\n" not in newest.error
        assert [each.name for each in await arm.deployments(last=1)] == [newest.name]
        machines = {each.name: each.state for each in await arm.machines()}
        assert machines[stamp.name("linuxpool", 7)] is MachineState.FAILED


async def failure(stamp: Stamp, **changes: object) -> SourceError:
    async with client(stamp, **changes) as arm:
        with pytest.raises(SourceError) as caught:
            await arm.machines()
    error = caught.value
    assert error.stamp == "orlando" and (error.why or error.todo)
    assert stamp.arm.reader.secret not in str(error) and "eyJ" not in str(error)
    return error


async def test_every_failure_says_which_step_failed(stamp: Stamp, tmp_path: Path) -> None:
    assert isinstance(await failure(stamp, resource_group="k8s-elsewhere"), NotFound)
    assert isinstance(await failure(stamp, ca_file=None), CertificateRejected)
    assert isinstance(await failure(stamp, management="https://127.0.0.1:1"), Unreachable)
    wrong = tmp_path / "wrong.secret"
    wrong.touch(mode=0o600)
    wrong.write_text("not~the~secret")
    error = await failure(stamp, reader=ReaderCredentials(stamp.arm.reader.client_id, wrong))
    assert isinstance(error, Unauthorized) and error.why == "the client secret is wrong (AADSTS7000215)"
    assert "not~the~secret" not in str(error)
    unknown = ReaderCredentials("99999999-4444-4555-8666-777777777777", stamp.arm.reader_secret_file)
    assert isinstance(await failure(stamp, reader=unknown), Unauthorized)
    stamp.board.set("arm-forbidden")
    forbidden = await failure(stamp)
    assert isinstance(forbidden, Forbidden) and "AuthorizationFailed" in forbidden.why and "Reader" in forbidden.todo
    stamp.board.clear("arm-forbidden")
    stamp.board.set("arm-throttled", "40")
    throttled = await failure(stamp)
    assert isinstance(throttled, Throttled) and throttled.retry_after_s == 40
    stamp.board.clear("arm-throttled")
    stamp.board.set("spn-expired")
    stamp.board.set("arm-untrusted")
    assert isinstance(await failure(stamp), CertificateRejected)
    stamp.board.clear("arm-untrusted")
    stamp.board.set("arm-down")
    assert isinstance(await failure(stamp), Unreachable)


async def test_an_expired_secret_is_named(stamp: Stamp) -> None:
    stamp.board.set("spn-expired")
    secret = stamp.arm.reader_secret_file.with_name("engine.secret")
    secret.touch(mode=0o600)
    secret.write_text(ENGINE.secret)
    async with client(stamp, reader=ReaderCredentials(ENGINE.client_id, secret)) as arm:
        with pytest.raises(Unauthorized, match="expired: make a new one"):
            await arm.usages()


async def test_the_wrong_identity_system_is_told(tmp_path: Path) -> None:
    async with running(tmp_path, adfs=True) as stamp:
        error = await failure(stamp, identity_system=IdentitySystem.AZURE_AD)
    assert isinstance(error, Unauthorized) and "adfs" in error.todo
