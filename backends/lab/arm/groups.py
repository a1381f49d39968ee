"""Subscriptions, their providers, and resource groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backends.lab.arm.calls import COMPUTE, NETWORK, RESOURCES, Call, Reply, Route, paged
from backends.lab.arm.cloud import Cloud, Group
from backends.lab.arm.principals import TENANT
from backends.lab.arm.problems import Problem
from backends.lab.arm.replies import POLL_AFTER_S, OperationRoutes

_PROVIDERS: tuple[tuple[str, tuple[str, ...], Sequence[str]], ...] = (
    ("Microsoft.Authorization", ("roleAssignments", "roleDefinitions"), ("2016-09-01", "2015-07-01")),
    ("Microsoft.Compute", ("virtualMachines", "disks", "availabilitySets", "locations/usages"), COMPUTE),
    ("Microsoft.Network", ("networkInterfaces", "loadBalancers", "virtualNetworks", "publicIPAddresses"), NETWORK),
    ("Microsoft.Resources", ("deployments", "resourceGroups", "subscriptions"), RESOURCES),
    ("Microsoft.Storage", ("storageAccounts",), ("2019-06-01", "2017-10-01", "2016-01-01")),
)
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourcegroups/{{name}}"


class GroupRoutes:
    """Answers about the subscription and its resource groups."""

    def __init__(self, cloud: Cloud, page_size: int) -> None:
        self._cloud = cloud
        self._page_size = page_size

    def routes(self) -> list[Route]:
        """Return what is served."""
        groups = "Microsoft.Resources/subscriptions/resourcegroups"
        return [
            Route("GET", "/subscriptions", self._list_subscriptions, RESOURCES, ""),
            Route("GET", _SUBSCRIPTION, self._show_subscription, RESOURCES, "Microsoft.Resources/subscriptions/read"),
            Route("GET", f"{_SUBSCRIPTION}/locations", self._locations, RESOURCES,
                  "Microsoft.Resources/subscriptions/locations/read"),
            Route("GET", f"{_SUBSCRIPTION}/providers", self._list_providers, RESOURCES,
                  "Microsoft.Resources/subscriptions/providers/read"),
            Route("GET", f"{_SUBSCRIPTION}/providers/{{name}}", self._show_provider, RESOURCES,
                  "Microsoft.Resources/subscriptions/providers/read"),
            Route("POST", f"{_SUBSCRIPTION}/providers/{{name}}/register", self._show_provider, RESOURCES,
                  "Microsoft.Resources/subscriptions/providers/register/action"),
            Route("GET", f"{_SUBSCRIPTION}/resourcegroups", self._list, RESOURCES, f"{groups}/read"),
            Route("GET", _GROUP, self._show, RESOURCES, f"{groups}/read"),
            Route("PUT", _GROUP, self._put, RESOURCES, f"{groups}/write"),
            Route("DELETE", _GROUP, self._delete, RESOURCES, f"{groups}/delete"),
            Route("GET", f"{_SUBSCRIPTION}/operationresults/{{name}}", OperationRoutes(self._cloud).show, RESOURCES,
                  f"{groups}/read"),
        ]  # fmt: skip

    def _list_subscriptions(self, call: Call) -> Reply:
        return Reply(200, {"value": [self._subscription()]})

    def _show_subscription(self, call: Call) -> Reply:
        return Reply(200, self._subscription())

    def _subscription(self) -> dict[str, Any]:
        number = self._cloud.subscription
        return {
            "id": f"/subscriptions/{number}",
            "subscriptionId": number,
            "tenantId": TENANT,
            "displayName": f"clusters of {self._cloud.location}",
            "state": "Enabled",
            "subscriptionPolicies": {"locationPlacementId": "AzureStack", "quotaId": "AzureStack"},
        }

    def _locations(self, call: Call) -> Reply:
        name = self._cloud.location
        found = {"id": f"{call.subscription_id}/locations/{name}", "name": name, "displayName": name}
        return Reply(200, {"value": [{**found, "latitude": "0", "longitude": "0"}]})

    def _list_providers(self, call: Call) -> Reply:
        return paged(call, [self._provider(call, *each) for each in _PROVIDERS], self._page_size)

    def _show_provider(self, call: Call) -> Reply:
        for each in _PROVIDERS:
            if each[0].lower() == call.name.lower():
                return Reply(200, self._provider(call, *each))
        raise Problem(404, "InvalidResourceNamespace", f"The resource namespace '{call.name}' is invalid.")

    def _provider(self, call: Call, name: str, types: Sequence[str], versions: Sequence[str]) -> dict[str, Any]:
        kinds = [
            {"resourceType": each, "locations": [self._cloud.location], "apiVersions": list(versions)} for each in types
        ]
        path = f"{call.subscription_id}/providers/{name}"
        return {"id": path, "namespace": name, "resourceTypes": kinds, "registrationState": "Registered"}

    def _list(self, call: Call) -> Reply:
        return paged(call, [self._described(each) for each in self._cloud.groups.values()], self._page_size)

    def _show(self, call: Call) -> Reply:
        group = self._cloud.group(call.name)
        return Reply(204) if call.method == "HEAD" else Reply(200, self._described(group))

    def _put(self, call: Call) -> Reply:
        body = call.body if isinstance(call.body, dict) else {}
        location = str(body.get("location") or "")
        if not location:
            raise Problem(400, "LocationRequired", "The location property is required for this definition.")
        if location.replace(" ", "").lower() != self._cloud.location.lower():
            text = f"The provided location '{location}' is not available for resource group."
            text += f" List of available regions is '{self._cloud.location}'."
            raise Problem(400, "LocationNotAvailableForResourceGroup", text)
        held = self._cloud.groups.get(call.name.lower())
        if held is not None:
            self._cloud.living_group(call.name)
        tags = body.get("tags")
        group = self._cloud.add_group(call.name, tags if isinstance(tags, dict) else None)
        return Reply(200 if held else 201, self._described(group))

    def _delete(self, call: Call) -> Reply:
        self._cloud.living_group(call.name)
        operation = self._cloud.delete_group(call.name)
        where = f"{call.base}{call.subscription_id}/operationresults/{operation.identity}?api-version={call.version}"
        return Reply(202, None, {"Location": where, "Retry-After": str(POLL_AFTER_S)})

    def _described(self, group: Group) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/{self._cloud.subscription}/resourceGroups/{group.name}",
            "name": group.name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": self._cloud.location,
            "tags": dict(group.tags),
            "properties": {"provisioningState": group.state},
        }
