"""What Resource Manager answers besides machines: groups, lists by pages, api-versions, roles, its headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.arm.conftest import (
    COMPUTE,
    DEPLOYMENTS,
    DISK,
    GROUP,
    NETWORK,
    NIC,
    RESOURCES,
    SUBSCRIPTION,
    VM,
    Stamp,
    machine,
    running,
    template,
)

SUB = f"/subscriptions/{SUBSCRIPTION}"


async def code(stamp: Stamp, method: str, path: str, version: str = RESOURCES, **more: Any) -> tuple[int, str]:
    """Return status and error code of an answer."""
    said = await stamp.ask(method, path, version, **more)
    return said.status_code, said.json()["error"]["code"]


async def test_the_subscription_its_providers_and_its_group(stamp: Stamp) -> None:
    assert (await stamp.ask("GET", "/subscriptions")).json()["value"][0]["subscriptionId"] == SUBSCRIPTION
    assert (await stamp.ask("GET", SUB)).json()["state"] == "Enabled"
    assert (await stamp.ask("GET", f"{SUB}/locations")).json()["value"][0]["name"] == "orlando"
    providers = (await stamp.ask("GET", f"{SUB}/providers")).json()["value"]
    assert {each["namespace"] for each in providers} >= {"Microsoft.Compute", "Microsoft.Network", "Microsoft.Storage"}
    assert {each["registrationState"] for each in providers} == {"Registered"}
    one = await stamp.ask("GET", f"{SUB}/providers/microsoft.compute")
    assert one.json()["namespace"] == "Microsoft.Compute"
    assert await code(stamp, "GET", f"{SUB}/providers/Microsoft.Sql") == (404, "InvalidResourceNamespace")
    assert (await stamp.ask("POST", f"{SUB}/providers/Microsoft.Compute/register")).status_code == 200
    (group,) = (await stamp.ask("GET", f"{SUB}/resourcegroups")).json()["value"]
    assert (group["name"], group["location"]) == ("k8s-orlando", "orlando")


async def test_groups_are_made_looked_for_and_deleted(stamp: Stamp) -> None:
    path = f"{SUB}/resourcegroups/Other-RG"
    assert (await stamp.ask("HEAD", path)).status_code == 404
    assert await code(stamp, "GET", path) == (404, "ResourceGroupNotFound")
    assert await code(stamp, "PUT", path, json={}) == (400, "LocationRequired")
    assert await code(stamp, "PUT", path, json={"location": "seattle"}) == (400, "LocationNotAvailableForResourceGroup")
    assert (await stamp.ask("PUT", path, json={"location": "orlando", "tags": {"a": "b"}})).status_code == 201
    again = await stamp.ask("PUT", path.lower(), json={"location": "orlando"})
    assert (again.status_code, again.json()["name"], again.json()["tags"]) == (200, "Other-RG", {"a": "b"})
    assert (await stamp.ask("HEAD", path)).status_code == 204
    gone = await stamp.ask("DELETE", path)
    assert gone.status_code == 202
    where = gone.headers["Location"].removeprefix(stamp.arm.url).partition("?")[0]
    await stamp.until(lambda: "other-rg" not in stamp.arm.cloud.groups, "the group is gone")
    assert (await stamp.ask("GET", where)).status_code == 200


async def test_a_group_that_is_being_deleted(slow: Stamp) -> None:
    path = f"{SUB}/resourcegroups/k8s-orlando"
    gone = await slow.ask("DELETE", path)
    assert await code(slow, "DELETE", path) == (409, "ResourceGroupBeingDeleted")
    assert await code(slow, "PUT", path, json={"location": "orlando"}) == (409, "ResourceGroupBeingDeleted")
    assert await code(slow, "PUT", f"{DEPLOYMENTS}/x", json=template()) == (409, "ResourceGroupBeingDeleted")
    assert (await slow.ask("GET", path)).json()["properties"]["provisioningState"] == "Deleting"
    where = gone.headers["Location"].removeprefix(slow.arm.url).partition("?")[0]
    waiting = await slow.ask("GET", where)
    assert waiting.status_code == 202 and waiting.headers["Location"].startswith(f"{slow.arm.url}{where}")


async def test_ids_and_paths_may_be_of_either_case(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 0)
    plain = (await stamp.ask("GET", f"{VM}/{name}", COMPUTE)).json()
    odd = f"/SUBSCRIPTIONS/{SUBSCRIPTION.upper()}/ResourceGroups/K8S-ORLANDO/Providers/microsoft.compute"
    assert (await stamp.ask("GET", f"{odd}/VIRTUALMACHINES/{name.upper()}", COMPUTE)).json() == plain
    assert plain["id"] == f"{GROUP}/{VM}/{name}"


async def test_lists_come_by_pages(tmp_path: Path) -> None:
    async with running(tmp_path, page_size=2) as stamp:
        names, url, pages = [], f"{GROUP}/{VM}", 0
        more: dict[str, Any] = {"params": {"$expand": "instanceView"}}
        while url:
            said = (await stamp.ask("GET", url, COMPUTE, **more)).json()
            assert len(said["value"]) == 2 and all("instanceView" in each["properties"] for each in said["value"])
            names += [each["name"] for each in said["value"]]
            link = said.get("nextLink", "")
            assert not link or link.startswith(f"{stamp.arm.url}/")
            url, _, query = link.removeprefix(stamp.arm.url).partition("?")
            more = {"params": dict(each.split("=") for each in query.split("&") if each)}
            pages += 1
        assert pages == 3 and sorted(names) == sorted(each["metadata"]["name"] for each in stamp.store.each("nodes"))


@pytest.mark.parametrize(
    "path", [SUB, f"{SUB}/providers", f"{SUB}/resourcegroups", VM, NIC, DISK, DEPLOYMENTS, f"{VM}/x/instanceView"]
)
async def test_api_versions_are_checked(stamp: Stamp, path: str) -> None:
    assert await code(stamp, "GET", path, "2024-07-01") == (400, "InvalidApiVersionParameter")
    assert await code(stamp, "GET", path, "") == (400, "MissingApiVersionParameter")


async def test_what_is_not_there(stamp: Stamp) -> None:
    other = "/subscriptions/00000000-0000-4000-8000-000000000000"
    assert await code(stamp, "GET", other) == (404, "SubscriptionNotFound")
    nothing = f"{SUB}/resourcegroups/nothing"
    for path, version in ((VM, COMPUTE), (NIC, NETWORK), (DISK, COMPUTE), (DEPLOYMENTS, RESOURCES)):
        assert await code(stamp, "GET", f"{nothing}/{path}", version) == (404, "ResourceGroupNotFound")
        assert await code(stamp, "DELETE", f"{nothing}/{path}/x", version) == (404, "ResourceGroupNotFound")
    for path, version in ((VM, COMPUTE), (NIC, NETWORK), (DISK, COMPUTE)):
        assert await code(stamp, "GET", f"{path}/x", version) == (404, "ResourceNotFound")
    assert await code(stamp, "GET", f"{DEPLOYMENTS}/x") == (404, "DeploymentNotFound")
    assert await code(stamp, "GET", "providers/Microsoft.Sql/servers") == (404, "InvalidResourceType")
    operations = f"{SUB}/providers/Microsoft.Compute/locations/orlando/operations/x"
    assert await code(stamp, "GET", operations, COMPUTE) == (404, "OperationNotFound")
    refused = await stamp.ask("DELETE", SUB)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")


async def test_the_reader_reads_and_changes_nothing(stamp: Stamp) -> None:
    reader = stamp.arm.reader
    for path, version in ((SUB, RESOURCES), (VM, COMPUTE), (NIC, NETWORK), (DEPLOYMENTS, RESOURCES)):
        assert (await stamp.ask("GET", path, version, who=reader)).status_code == 200
    said = await stamp.ask("DELETE", f"{VM}/{stamp.name('linuxpool', 0)}", COMPUTE, who=reader)
    assert (said.status_code, said.json()["error"]["code"]) == (403, "AuthorizationFailed")
    assert said.json()["error"]["message"].startswith(
        f"The client '{reader.client_id}' with object id 'aaaaaaaa-4444-4555-8666-777777777777' does not have "
        "authorization to perform action 'Microsoft.Compute/virtualMachines/delete' over scope '/subscriptions/"
    )
    assert stamp.status(stamp.name("linuxpool", 0)) == "True"


async def test_every_answer_can_be_traced(stamp: Stamp) -> None:
    for path in (SUB, f"{SUB}/resourcegroups/nothing"):
        said = await stamp.ask("GET", path, headers={"x-ms-correlation-request-id": "of-the-caller"})
        assert said.headers["x-ms-correlation-request-id"] == "of-the-caller"
        assert said.headers["x-ms-request-id"] and said.headers["x-ms-routing-request-id"].startswith("ORLANDO:")
        assert said.headers["Content-Type"].startswith("application/json")
    headers = {"x-ms-client-request-id": "mine", "x-ms-return-client-request-id": "true"}
    assert (await stamp.ask("GET", SUB, headers=headers)).headers["x-ms-client-request-id"] == "mine"


async def test_what_is_attached_is_not_deleted(stamp: Stamp) -> None:
    name = stamp.name("linuxpool", 0)
    disk = (await stamp.ask("GET", f"{VM}/{name}", COMPUTE)).json()["properties"]["storageProfile"]["osDisk"]["name"]
    assert await code(stamp, "DELETE", f"{DISK}/{disk}", COMPUTE) == (409, "OperationNotAllowed")
    assert await code(stamp, "DELETE", f"{NIC}/k8s-linuxpool-35064155-nic-0", NETWORK) == (400, "NicInUse")
    await stamp.finish(await stamp.ask("DELETE", f"{VM}/{name}", COMPUTE))
    deleting = await stamp.ask("DELETE", f"{DISK}/{disk}", COMPUTE)
    await stamp.finish(deleting)
    path = deleting.headers["Location"].removeprefix(stamp.arm.url)
    query = dict(each.split("=") for each in path.partition("?")[2].split("&"))
    assert (await stamp.ask("GET", path.partition("?")[0], COMPUTE, params=query)).status_code == 200
    assert (await stamp.ask("DELETE", f"{DISK}/{disk}", COMPUTE)).status_code == 204
    assert (await stamp.ask("DELETE", f"{NIC}/nothing", NETWORK)).status_code == 204


async def test_what_is_being_deleted_is_not_deleted_again(slow: Stamp) -> None:
    machine_ = slow.arm.cloud.inventory.machines.find("k8s-orlando", slow.name("linuxpool", 0))
    assert machine_ is not None
    slow.arm.cloud.inventory.scrap(machine_)
    for path, version in ((f"{DISK}/{machine_.os_disk}", COMPUTE), (f"{NIC}/{machine_.nic}", NETWORK)):
        assert (await slow.ask("DELETE", path, version)).status_code == 202
        assert await code(slow, "DELETE", path, version) == (409, "AnotherOperationInProgress")


async def test_tags_may_be_changed(stamp: Stamp) -> None:
    """That is how an operator lets the engine make a machine anew that is not ready."""
    name = stamp.name("master", 0)
    tags = (await stamp.ask("GET", f"{VM}/{name}", COMPUTE)).json()["tags"] | {"orchestrator": "Kubernetes:1.33.5"}
    said = await stamp.ask("PATCH", f"{VM}/{name}", COMPUTE, json={"tags": tags})
    assert said.status_code == 200
    assert (await stamp.ask("GET", f"{VM}/{name}", COMPUTE)).json()["tags"]["orchestrator"] == "Kubernetes:1.33.5"
    assert stamp.status(name) == "True"


async def test_images_of_the_marketplace(stamp: Stamp) -> None:
    place = f"{SUB}/providers/Microsoft.Compute/locations/orlando/publishers/microsoft-aks/artifacttypes/vmimage"
    sku = f"{place}/offers/aks/skus/aks-engine-azurestack-ubuntu-2204/versions"
    listed = {each["name"] for each in (await stamp.ask("GET", sku, COMPUTE)).json()}
    assert listed == {"2026.139.1", "2025.337.1", "2025.227.1", "2025.079.2"}
    assert (await stamp.ask("GET", f"{sku}/2026.139.1", COMPUTE)).json()["name"] == "2026.139.1"
    assert await code(stamp, "GET", f"{sku}/2020.1.1", COMPUTE) == (404, "NotFound")
    stamp.board.set("image-missing", "2026.139.1")
    assert await code(stamp, "GET", f"{sku}/2026.139.1", COMPUTE) == (404, "NotFound")
    assert (await stamp.ask("GET", f"{sku}/2025.337.1", COMPUTE)).status_code == 200
    stamp.board.set("image-missing")
    assert await code(stamp, "GET", f"{sku}/2025.337.1", COMPUTE) == (404, "NotFound")


async def test_quotas(stamp: Stamp) -> None:
    async def used(kind: str, name: str) -> tuple[int, int]:
        path = f"{SUB}/providers/Microsoft.{kind}/locations/orlando/usages"
        said = await stamp.ask("GET", path, COMPUTE if kind == "Compute" else NETWORK, who=stamp.arm.reader)
        found = {each["name"]["value"]: (each["currentValue"], each["limit"]) for each in said.json()["value"]}
        return found[name]

    assert await used("Compute", "cores") == (18, 100)
    assert await used("Compute", "virtualMachines") == (6, 50)
    assert (await used("Network", "NetworkInterfaces"))[0] == 6
    stamp.board.set("quota-exceeded", "1")
    assert await used("Compute", "cores") == (18, 22)
    await stamp.deploy("one", machine(stamp.name("linuxpool", 3)))
    assert await used("Compute", "cores") == (22, 22)
    stamp.board.clear("quota-exceeded")
    assert await used("Compute", "cores") == (22, 100)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"apiVersion": "2024-07-01"}, "NoRegisteredProviderFound"),
        ({"location": "seattle"}, "LocationNotAvailableForResourceType"),
        ({"name": ""}, "InvalidTemplate"),
        ({"name": "[concat('a')]"}, "InvalidTemplate"),
        ({"properties": {}}, "InvalidTemplate"),
    ],
)
async def test_templates_that_are_not_taken(stamp: Stamp, change: dict[str, object], wanted: str) -> None:
    body = template(machine(stamp.name("linuxpool", 9)) | change)
    assert await code(stamp, "PUT", f"{DEPLOYMENTS}/x", json=body) == (400, wanted)
    assert await code(stamp, "GET", f"{DEPLOYMENTS}/x") == (404, "DeploymentNotFound")


@pytest.mark.parametrize("part", ["hardwareProfile", "storageProfile", "osProfile", "tags", "properties"])
async def test_templates_with_something_else_where_an_object_belongs(stamp: Stamp, part: str) -> None:
    wanted = machine(stamp.name("linuxpool", 9))
    (wanted if part in wanted else wanted["properties"])[part] = "text"
    assert await code(stamp, "PUT", f"{DEPLOYMENTS}/x", json=template(wanted)) == (400, "InvalidTemplate")


async def test_a_body_that_is_too_long(stamp: Stamp) -> None:
    said = await stamp.ask("PUT", f"{DEPLOYMENTS}/x", content=b" " * (5 * 2**20))
    assert (said.status_code, said.json()["error"]["code"]) == (413, "RequestContentTooLarge")


async def test_bodies_that_are_no_deployment(stamp: Stamp) -> None:
    assert await code(stamp, "PUT", f"{DEPLOYMENTS}/x", content=b"{") == (400, "InvalidRequestContent")
    assert await code(stamp, "PUT", f"{DEPLOYMENTS}/x", json=[1]) == (400, "InvalidTemplate")
    assert await code(stamp, "PUT", f"{DEPLOYMENTS}/x%20y", json=template()) == (400, "InvalidDeploymentName")
