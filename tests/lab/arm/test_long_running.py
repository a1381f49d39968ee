"""What takes a while, followed by Microsoft's own client of long-running operations instead of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import RequestIdPolicy, RetryPolicy
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.core.polling.arm_polling import ARMPolling

from tests.lab.arm.conftest import (
    COMPUTE,
    DEPLOYMENTS,
    DISK,
    GROUP,
    NETWORK,
    NIC,
    RESOURCES,
    VM,
    Stamp,
    machine,
    template,
)


class GivenToken:
    """A credential that has its token already."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken(self._token, 2**40)


class Hasty(ARMPolling):
    """Asks soon again: the answer says 30 s, which are of the stamp's own time."""

    def _extract_delay(self) -> float:
        assert self._pipeline_response.http_response.headers.get("Retry-After", "30") == "30"
        return 0.02


def carry_out(stamp: Stamp, token: str, method: str, path: str, version: str, body: Mapping[str, Any] | None) -> Any:
    """Send a request and follow the operation to its end, as azure-mgmt clients do; return the final answer's body."""
    policies = [
        RequestIdPolicy(),
        RetryPolicy(retry_total=0),
        ARMChallengeAuthenticationPolicy(GivenToken(token), "https://any/.default"),
    ]
    client: ARMPipelineClient[HttpRequest, HttpResponse] = ARMPipelineClient(
        base_url=stamp.arm.url, policies=policies, connection_verify=str(stamp.arm.authority_file)
    )
    with client:
        request = HttpRequest(method, f"{stamp.arm.url}{GROUP}/{path}", params={"api-version": version}, json=body)
        first: Any = client.send_request(request, _return_pipeline_response=True)
        if first.http_response.status_code >= 400:
            raise HttpResponseError(response=first.http_response)

        def read(response: Any) -> Any:
            return response.http_response.json() if response.http_response.text() else None

        return LROPoller(client, first, read, Hasty(0.02)).result(timeout=20)


async def follow(stamp: Stamp, method: str, path: str, version: str, body: Mapping[str, Any] | None = None) -> Any:
    return await asyncio.to_thread(carry_out, stamp, await stamp.token(), method, path, version, body)


async def test_a_machine_its_interface_and_its_disk_are_deleted(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 2)
    found = stamp.arm.cloud.inventory.machines.find("k8s-orlando", name)
    assert found is not None
    for path, version in (
        (f"{VM}/{name}", COMPUTE),
        (f"{NIC}/{found.nic}", NETWORK),
        (f"{DISK}/{found.os_disk}", COMPUTE),
    ):
        await follow(stamp, "DELETE", path, version)
        assert (await stamp.ask("GET", path, version)).status_code == 404
    await follow(stamp, "DELETE", f"{VM}/{name}", COMPUTE)  # 204: there is none


async def test_a_deployment_ends_with_the_resource(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 3)
    done = await follow(stamp, "PUT", f"{DEPLOYMENTS}/k8s-orlando-4", RESOURCES, template(machine(name)))
    assert (done["name"], done["properties"]["provisioningState"]) == ("k8s-orlando-4", "Succeeded")
    assert (await stamp.ask("GET", f"{VM}/{name}", COMPUTE)).json()["properties"]["provisioningState"] == "Succeeded"


async def test_a_deployment_that_fails_is_an_error_with_its_codes(stamp: Stamp) -> None:
    stamp.board.set("allocation-failed")
    body = template(machine(stamp.name("linuxpool", 3)))
    with pytest.raises(HttpResponseError) as caught:
        await follow(stamp, "PUT", f"{DEPLOYMENTS}/k8s-orlando-4", RESOURCES, body)
    assert caught.value.error is not None and caught.value.error.code == "DeploymentFailed"
    assert "AllocationFailed" in str(caught.value)
    stamp.board.clear("allocation-failed")
    done = await follow(stamp, "PUT", f"{DEPLOYMENTS}/k8s-orlando-4", RESOURCES, body)
    assert done["properties"]["provisioningState"] == "Succeeded" and "error" not in done["properties"]
    await stamp.until(lambda: stamp.status(stamp.name("linuxpool", 3)) == "True", "what failed was made again")
    stamp.board.set("quota-exceeded")
    with pytest.raises(HttpResponseError) as caught:
        body = template(machine(stamp.name("linuxpool", 4)))
        await follow(stamp, "PUT", f"{DEPLOYMENTS}/k8s-orlando-5", RESOURCES, body)
    assert caught.value.error is not None and caught.value.error.code == "InvalidTemplateDeployment"
    assert "QuotaExceeded" in str(caught.value)


async def test_a_group_is_deleted_by_its_location(stamp: Stamp) -> None:
    await follow(stamp, "DELETE", "", RESOURCES)
    assert "k8s-orlando" not in stamp.arm.cloud.groups
