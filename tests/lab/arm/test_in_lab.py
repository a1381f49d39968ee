"""The Resource Manager as part of a whole lab: its files, its faults by the control, and what kubectl sees of it."""

from __future__ import annotations

import asyncio
import json
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import yaml
from azure.identity import ClientSecretCredential

from backends.lab.control import LabControl, LabError
from backends.lab.runner import Lab, LabOptions, open_lab
from tests.lab.arm.conftest import COMPUTE, RESOURCES, machine, template
from tests.support.peers import require_kubectl
from tests.support.waiting import eventually


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(LabOptions(tmp_path / "lab", speed=400, incidents=False, version="v1.33.10")) as found:
        yield found


async def test_fleet_and_lab_files_say_how_it_is_reached(lab: Lab) -> None:
    fleet = yaml.safe_load((lab.folder.path / "fleet.yaml").read_text())["stamps"]
    told = json.loads((lab.folder.path / "lab.json").read_text())["stamps"]
    assert [each["azure_stack"]["identity_system"] for each in fleet] == ["azure_ad", "adfs"]
    for entry in fleet:
        section, said = entry["azure_stack"], told[entry["name"]]["azure_stack"]
        assert section["management"] == said["url"] == lab.running.addresses[f"{entry['name']}/arm"]
        assert section["resource_group"] == said["resource_group"] == f"k8s-{entry['name']}"
        secret = lab.folder.path / section["reader"]["secret_file"]
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        trust = str(lab.folder.path / section["ca_file"])
        credential = ClientSecretCredential(
            said["tenant"], section["reader"]["client_id"], secret.read_text().strip(),
            authority=said["url"].removeprefix("https://"), disable_instance_discovery=True, connection_verify=trust,
        )  # fmt: skip
        with credential:
            token = await asyncio.to_thread(credential.get_token, f"{said['audience']}/.default")
        context = ssl.create_default_context(cafile=trust)
        async with httpx.AsyncClient(base_url=said["url"], verify=context, trust_env=False) as http:
            found = await http.get(
                f"/subscriptions/{section['subscription']}/resourcegroups",
                params={"api-version": RESOURCES}, headers={"Authorization": f"Bearer {token.token}"},
            )  # fmt: skip
        assert [each["name"] for each in found.json()["value"]] == [section["resource_group"]]


async def test_a_token_of_one_stamp_is_nothing_on_another(lab: Lab) -> None:
    one, other = lab.stamps.values()
    form = {"grant_type": "client_credentials", "client_id": one.arm.engine.client_id}
    form |= {"client_secret": one.arm.engine.secret, "resource": one.arm.server.audience}
    trust = ssl.create_default_context(cafile=str(one.arm.authority_file))
    trust.load_verify_locations(str(other.arm.authority_file))
    async with httpx.AsyncClient(verify=trust, trust_env=False) as http:
        given = await http.post(f"{one.arm.url}/44444444-5555-4666-8777-888888888888/oauth2/token", data=form)
        headers = {"Authorization": f"Bearer {given.json()['access_token']}"}
        said = await http.get(f"{other.arm.url}/subscriptions", params={"api-version": RESOURCES}, headers=headers)
    assert (said.status_code, said.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


async def test_the_control_refuses_what_cannot_be(lab: Lab) -> None:
    control = LabControl.read(lab.folder.path)
    with pytest.raises(LabError, match="orlando: node-never-ready: no machine of this cluster is named 'nobody'"):
        await control.fault("orlando", "node-never-ready=nobody")
    with pytest.raises(LabError, match="no whole number"):
        await control.fault("all", "quota-exceeded=many")
    (told,) = await control.fault("orlando", "quota-exceeded=1")
    assert (told.name, told.argument) == ("quota-exceeded", "1")


@pytest.mark.kubectl
async def test_kubectl_sees_a_machine_that_is_made(lab: Lab) -> None:
    kubectl, stamp = require_kubectl(), lab.stamps["orlando"]
    name = stamp.plan.node_name("linuxpool", 3)
    group = f"/subscriptions/{stamp.arm.cloud.subscription}/resourcegroups/k8s-orlando/providers"
    form = {"grant_type": "client_credentials", "client_id": stamp.arm.engine.client_id}
    form |= {"client_secret": stamp.arm.engine.secret, "resource": stamp.arm.server.audience}
    trust = ssl.create_default_context(cafile=str(stamp.arm.authority_file))
    async with httpx.AsyncClient(base_url=stamp.arm.url, verify=trust, trust_env=False) as http:
        given = await http.post("/44444444-5555-4666-8777-888888888888/oauth2/token", data=form)
        http.headers["Authorization"] = f"Bearer {given.json()['access_token']}"
        begun = await http.put(
            f"{group}/Microsoft.Resources/deployments/k8s-orlando-5",
            params={"api-version": RESOURCES}, json=template(machine(name, "1.33.10")),
        )  # fmt: skip
        assert begun.status_code == 201

        async def shown() -> str:
            process = await asyncio.create_subprocess_exec(
                kubectl, "--kubeconfig", str(stamp.files.kubeconfig), "get", "node", name, "--no-headers",
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, _ = await process.communicate()
            return out.decode() if " Ready " in out.decode() else ""

        line = (await eventually(shown, 30)).split()
        assert line[:3] == [name, "Ready", "agent"] and line[4] == "v1.33.10"
        gone = await http.delete(f"{group}/Microsoft.Compute/virtualMachines/{name}", params={"api-version": COMPUTE})
        assert gone.status_code == 202

        async def absent() -> bool:
            process = await asyncio.create_subprocess_exec(
                kubectl, "--kubeconfig", str(stamp.files.kubeconfig), "get", "node", name,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            _, error = await process.communicate()
            return f'nodes "{name}" not found' in error.decode()

        await eventually(absent, 30)
