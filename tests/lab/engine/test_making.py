"""deploy, generate and addpool against a stamp: they speak as the real engine did, and do what they say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.engine.sequences import differences
from tests.lab.engine.stand import Stand, engine_stand

NEW_GROUP = "k8s-orlando-2"


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with engine_stand(tmp_path, speed=900) as stand:
        yield stand


def _deploying(stand: Stand, *more: str, model: str = "kubernetes.json", location: str = "orlando") -> list[str]:
    return ["deploy", "-m", model, "-l", location, "-g", NEW_GROUP, *stand.login, *more]


def _adding(stand: Stand, pool: str = "linuxpool2.json") -> list[str]:
    model = str(stand.model_path.relative_to(stand.home))
    return ["addpool", "-g", "k8s-orlando", "-l", "orlando", "-m", model, "-p", pool, *stand.login]


def _machines(stand: Stand, group: str) -> dict[str, dict[str, str]]:
    return {each.name: dict(each.tags) for each in stand.stamp.arm.cloud.inventory.machines.of(group)}


def _edited(stand: Stand, name: str, **properties: Any) -> str:
    """Write a copy of the definition with other properties; returns its name."""
    definition = json.loads((stand.home / "kubernetes.json").read_text())
    definition["properties"] |= properties
    (stand.home / name).write_text(json.dumps(definition))
    return name


async def test_deploy_makes_machines_says_nothing_of_them_and_overwrites_only_when_forced(stand: Stand) -> None:
    outcome = await stand.run(*_deploying(stand))

    outcome.agrees_with("85-deploy-ok")
    folder = stand.home / "_output" / NEW_GROUP
    assert (folder / "ca.key").exists()
    written = json.loads((folder / "apimodel.json").read_text())["properties"]
    assert written["servicePrincipalProfile"]["secret"] == stand.stamp.arm.engine.secret
    assert written["customCloudProfile"]["environment"]["resourceManagerEndpoint"] == f"{stand.stamp.arm.url}/"
    made = _machines(stand, NEW_GROUP)
    assert len(made) == 5
    assert {each["orchestrator"] for each in made.values()} == {"Kubernetes:1.33.10"}
    assert {each["resourceNameSuffix"] for each in made.values()} == {next(iter(made)).split("-")[2]}
    kubeconfig = folder / "kubeconfig" / "kubeconfig.orlando.json"
    assert f"https://{NEW_GROUP}.orlando.cloudapp.azurestack.external" in kubeconfig.read_text()

    refused = await stand.run(*_deploying(stand))

    assert differences(refused, "86-deploy-outputdir-exists") == []
    assert refused.error == (
        f"loading API model: Output directory already exists and forceOverwrite flag is not set: _output/{NEW_GROUP}"
    )
    authority = (folder / "ca.crt").read_bytes()
    assert (await stand.run(*_deploying(stand, "--force-overwrite"))).code == 0
    assert (folder / "ca.crt").read_bytes() != authority
    assert set(_machines(stand, NEW_GROUP)) == set(made)


async def test_a_deployment_that_fails_is_told_twice_and_leaves_its_files(stand: Stand) -> None:
    stand.stamp.board.set("arm-failed", "")

    outcome = await stand.run(*_deploying(stand))

    assert differences(outcome, "87-deploy-arm-failure") == []
    assert "ERROR CODE: DeploymentFailed" in outcome.out
    assert "VMExtensionProvisioningError" in outcome.err
    assert (stand.home / "_output" / NEW_GROUP / "apimodel.json").exists()


async def test_deploy_without_arm(stand: Stand) -> None:
    stand.stamp.board.set("arm-down", "")
    filled = json.loads(stand.model_path.read_text())["properties"]["customCloudProfile"]
    name = _edited(stand, "filled.json", customCloudProfile=filled)

    unreachable = await stand.run(*_deploying(stand))
    crashed = await stand.run(*_deploying(stand, model=name))

    assert differences(unreachable, "48-deploy-metadata-unreachable") == []
    assert "/metadata/endpoints?api-version=1.0 " not in unreachable.error
    assert unreachable.error.startswith('loading API model: error parsing the api model: Get "https://management.')
    assert differences(crashed, "50-deploy-unreachable-arm") == []


async def test_deploy_with_an_untrusted_certificate_and_for_another_location(stand: Stand) -> None:
    elsewhere = await stand.run(*_deploying(stand, location="seattle"))
    stand.stamp.board.set("arm-untrusted", "")
    untrusted = await stand.run(*_deploying(stand))

    elsewhere.agrees_with("49-deploy-location-mismatch")
    assert elsewhere.error == "loading API model: --location does not match api model location"
    assert differences(untrusted, "a6-deploy-untrusted-arm-cert") == []
    assert "tls: failed to verify certificate" in untrusted.error


async def test_deploy_checks_images_before_anything_is_written(stand: Stand) -> None:
    stand.stamp.board.set("image-missing", "")

    outcome = await stand.run(*_deploying(stand))

    assert outcome.code == 1
    assert outcome.error.startswith(
        "validating OS base images required by kubernetes.json: OS base image not available"
    )
    assert outcome.ids("O")[-1] == "image_missing"
    assert not (stand.home / "_output" / NEW_GROUP).exists()


async def test_deploy_asks_for_quota_and_names_what_is_short(stand: Stand) -> None:
    stand.stamp.board.set("quota-exceeded", "")

    outcome = await stand.run(*_deploying(stand))

    assert outcome.code == 1
    assert "QuotaExceeded" in outcome.err
    assert _machines(stand, NEW_GROUP) == {}


async def test_values_on_the_command_line_replace_the_definitions_and_a_missing_key_is_made(stand: Stand) -> None:
    name = _edited(stand, "nokey.json", linuxProfile={"adminUsername": "", "ssh": {"publicKeys": [{"keyData": ""}]}})
    sets = ("--set", "masterProfile.count=1,agentPoolProfiles[0].count=1", "--set", "masterProfile.dnsPrefix=k8s-small")

    outcome = await stand.run(*_deploying(stand, *sets, model=name))

    assert outcome.code == 0
    assert outcome.ids("O")[:2] == ["UNKNOWN", "cloud_profile"]
    assert "new API model file has been generated during merge: " in outcome.out
    assert "no linuxProfile.adminUsername was specified" in outcome.out
    assert "one_master_warn" in outcome.ids("O")
    assert len(_machines(stand, NEW_GROUP)) == 2
    folder = stand.home / "_output" / "k8s-small"
    assert (folder / "apimodel.json").exists()
    assert (folder / "azureuser_rsa").read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert (folder / "azureuser_rsa").stat().st_mode & 0o777 == 0o600


async def test_a_cluster_whose_group_was_deleted_is_deployed_again_with_its_nodes(stand: Stand) -> None:
    assert (await stand.stamp.ask("DELETE", "")).status_code == 202
    await stand.stamp.until(lambda: not _machines(stand, "k8s-orlando"), "the group is gone")
    definition = json.loads((stand.home / "kubernetes.json").read_text())
    definition["properties"]["masterProfile"] |= {"dnsPrefix": "k8s-orlando", "count": 1}
    (stand.home / "again.json").write_text(json.dumps(definition))

    outcome = await stand.run(
        "deploy", "-m", "again.json", "-l", "orlando", "-g", "k8s-orlando", "--force-overwrite", *stand.login
    )

    assert outcome.code == 0, outcome.err
    assert set(_machines(stand, "k8s-orlando")) == {
        "k8s-master-35064155-0", "k8s-linuxpool-35064155-0", "k8s-linuxpool-35064155-1",
    }  # fmt: skip
    for name in _machines(stand, "k8s-orlando"):
        await stand.stamp.until(lambda name=name: stand.stamp.status(name) == "True", f"{name} is ready")  # type: ignore[misc]
    assert stand.model["properties"]["masterProfile"]["count"] == 1


async def test_addpool_adds_machines_nodes_and_the_pool_to_the_model(stand: Stand) -> None:
    before = stand.model

    outcome = await stand.run(*_adding(stand))

    outcome.agrees_with("83-addpool-ok")
    after = stand.model
    assert [each["name"] for each in after["properties"]["agentPoolProfiles"]] == ["linuxpool", "linuxpool2"]
    assert after["properties"]["agentPoolProfiles"][0] == before["properties"]["agentPoolProfiles"][0]
    names = [f"k8s-linuxpool2-35064155-{index}" for index in (0, 1)]
    for name in names:
        await stand.stamp.until(lambda name=name: stand.stamp.status(name) == "True", f"{name} is ready")  # type: ignore[misc]
        node = stand.stamp.node(name)
        assert node is not None
        assert node["metadata"]["labels"]["agentpool"] == "linuxpool2"
        assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.33.10"


async def test_addpool_refuses_a_pool_there_is_and_a_mixed_one_before_it_logs_in(stand: Stand) -> None:
    stand.stamp.board.set("arm-down", "")
    pool = json.loads((stand.home / "linuxpool2.json").read_text())
    (stand.home / "same.json").write_text(json.dumps({**pool, "name": "linuxpool"}))
    (stand.home / "mixed.json").write_text(json.dumps({**pool, "availabilityProfile": "VirtualMachineScaleSets"}))
    (stand.home / "broken.json").write_text('{"name": ')

    (stand.home / "typed.json").write_text(json.dumps({**pool, "count": "2"}))

    same, mixed, broken, typed, missing = [
        await stand.run(*_adding(stand, f"{each}.json")) for each in ("same", "mixed", "broken", "typed", "nopool")
    ]

    prefix = "failed to load existing container service: "
    assert same.error == f"{prefix}node pool linuxpool already exists"
    assert same.ids("O") == ["cloud_profile"]
    assert mixed.error.startswith(f"{prefix}mixed mode availability profiles are not allowed")
    assert broken.error == f"{prefix}error parsing the agent pool: unexpected end of JSON input"
    assert typed.error.endswith("cannot unmarshal string into Go struct field AgentPoolProfile.count of type int")
    assert differences(missing, "52-addpool-missing-pool") == []
    assert differences(missing, "84-addpool-duplicate") == []
    assert missing.error == f"{prefix}specified agent pool spec does not exist (nopool.json)"
    assert (await stand.run(*_adding(stand))).code == 2


async def test_a_full_disk_leaves_half_an_api_model_after_the_machines_were_made(stand: Stand) -> None:
    stand.fault(save_failed="")

    outcome = await stand.run(*_adding(stand))

    assert outcome.code == 1
    assert outcome.error.endswith("no space left on device")
    assert "k8s-linuxpool2-35064155-0" in _machines(stand, "k8s-orlando")
    with pytest.raises(json.JSONDecodeError):
        _ = stand.model
