"""What the stamp's operator offers: base images in the marketplace, and quotas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.lab.arm.calls import COMPUTE, NETWORK, Call, Reply, Route
from backends.lab.arm.cloud import Cloud
from backends.lab.arm.problems import Problem
from backends.lab.engine.releases import RELEASES
from backends.lab.faults import Fault
from backends.lab.world.machines import ImageReference, Machine

_SYNDICATED: frozenset[ImageReference] = frozenset(
    (image.publisher, image.offer, image.sku, image.version)
    for release in RELEASES
    for image in (release.linux, release.windows)
)
_IMAGE = (
    "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/publishers/{publisher}"
    "/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
)
_USAGES = "/subscriptions/{subscription}/providers/Microsoft.%s/locations/{location}/usages"
_NAMES = {
    "cores": "Total Regional vCPUs",
    "virtualMachines": "Virtual Machines",
    "availabilitySets": "Availability Sets",
    "NetworkInterfaces": "Network Interfaces",
    "PublicIPAddresses": "Public IP Addresses",
    "LoadBalancers": "Load Balancers",
    "VirtualNetworks": "Virtual Networks",
}


class Marketplace:
    """The images there are, and how many more machines the quota lets the subscription have."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        machines = list(cloud.inventory.machines)
        self._cores = max(100, 2 * sum(each.cores for each in machines))
        self._count = max(50, 2 * len(machines))
        self._left: int | None = None
        cloud.faults.listen(self._hear)

    def routes(self) -> list[Route]:
        """Return what is served."""
        read = "Microsoft.Compute/locations/publishers/read"
        return [
            Route("GET", _IMAGE, self._list_versions, COMPUTE, read),
            Route("GET", f"{_IMAGE}/{{name}}", self._show_version, COMPUTE, read),
            Route("GET", _USAGES % "Compute", self._compute_usages, COMPUTE, "Microsoft.Compute/locations/usages/read"),
            Route("GET", _USAGES % "Network", self._network_usages, NETWORK, "Microsoft.Network/locations/usages/read"),
        ]

    def has(self, image: ImageReference) -> bool:
        """Return whether an image is in the marketplace now; `image-missing=TEXT` hides those with TEXT in the name."""
        known = {tuple(part.lower() for part in each) for each in _SYNDICATED}
        shown = ":".join(image)
        fault = self._cloud.faults.active("image-missing")
        hidden = fault is not None and fault.argument.lower() in shown.lower()
        return not hidden and tuple(part.lower() for part in image) in known

    def take(self, machines: list[Machine]) -> str:
        """Count machines that are to be made; return what the quota says against it, empty when it allows them."""
        cores = sum(each.cores for each in machines)
        in_use = self._cloud.inventory.cores_in_use()
        limit = self._core_limit()
        if (self._left is not None and len(machines) > self._left) or in_use + cores > limit:
            return (
                "Operation results in exceeding quota limits of Core. Maximum allowed: "
                f"{min(limit, in_use + cores - 1)}, Current in use: {in_use}, Additional requested: {cores}."
            )
        if self._left is not None:
            self._left -= len(machines)
        return ""

    def _core_limit(self) -> int:
        if self._left is None:
            return self._cores
        agents = [each.cores for each in self._cloud.inventory.machines] or [4]
        return min(self._cores, self._cloud.inventory.cores_in_use() + self._left * max(agents))

    def _list_versions(self, call: Call) -> Reply:
        wanted = [call.parameters[each] for each in ("publisher", "offer", "sku")]
        found = [image for image in sorted(_SYNDICATED) if _same(wanted, image[:3]) and self.has(image)]
        return Reply(200, [self._described(call, image) for image in found])

    def _show_version(self, call: Call) -> Reply:
        asked = call.parameters["publisher"], call.parameters["offer"], call.parameters["sku"], call.name
        if not self.has(asked):
            raise Problem(404, "NotFound", "Artifact: VMImage was not found.")
        image = self._described(call, asked)
        image["properties"] = {
            "osDiskImage": {"operatingSystem": "Windows" if "windows" in asked[1] else "Linux"},
            "dataDiskImages": [],
        }
        return Reply(200, image)

    def _described(self, call: Call, image: ImageReference) -> dict[str, Any]:
        publisher, offer, sku, version = image
        path = f"{call.subscription_id}/Providers/Microsoft.Compute/Locations/{self._cloud.location}"
        path += f"/Publishers/{publisher}/ArtifactTypes/VMImage/Offers/{offer}/Skus/{sku}/Versions/{version}"
        return {"location": self._cloud.location, "name": version, "id": path}

    # quotas

    def _compute_usages(self, call: Call) -> Reply:
        machines = list(self._cloud.inventory.machines)
        count = self._count if self._left is None else min(self._count, len(machines) + self._left)
        sets = {each.tags.get("poolName", "") for each in machines}
        return self._usages(
            {
                "cores": (self._cloud.inventory.cores_in_use(), self._core_limit()),
                "virtualMachines": (len(machines), count),
                "availabilitySets": (len(sets), 20),
            }
        )

    def _network_usages(self, call: Call) -> Reply:
        nics = len(list(self._cloud.inventory.nics))
        return self._usages(
            {
                "NetworkInterfaces": (nics, 2 * self._count),
                "PublicIPAddresses": (2, 50),
                "LoadBalancers": (2, 50),
                "VirtualNetworks": (1, 50),
            }
        )

    def _usages(self, found: Mapping[str, tuple[int, int]]) -> Reply:
        value = [
            {
                "unit": "Count",
                "currentValue": used,
                "limit": limit,
                "name": {"value": name, "localizedValue": _NAMES[name]},
            }
            for name, (used, limit) in found.items()
        ]
        return Reply(200, {"value": value})

    def _hear(self, fault: Fault, begins: bool) -> None:
        if fault.name == "quota-exceeded":
            self._left = int(fault.argument or 0) if begins else None


def _same(wanted: list[str], image: tuple[str, ...]) -> bool:
    return [each.lower() for each in wanted] == [each.lower() for each in image]
