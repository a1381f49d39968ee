"""Cluster IPs and node ports of Services, chosen when a Service is stored."""

from __future__ import annotations

from backends.lab.kubernetes.statuses import invalid
from backends.lab.kubernetes.validation import wrong
from backends.lab.objects import Object, ObjectStore

_NETWORK = "10.0"
_NODE_PORTS = range(30000, 32768)


def allocate(store: ObjectStore, service: Object) -> None:
    """Give a private Service object what its type needs and it has not got; 422 for a node port it cannot have."""
    spec = service["spec"]
    kind = spec.get("type", "ClusterIP")
    if kind == "ExternalName":
        return
    if not spec.get("clusterIP"):
        taken = {each["spec"].get("clusterIP") for each in store.each("services")}
        while (address := f"{_NETWORK}.{store.rng.randrange(0, 256)}.{store.rng.randrange(2, 255)}") in taken:
            pass
        spec["clusterIP"] = address
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    if kind in ("NodePort", "LoadBalancer"):
        _allocate_node_ports(store, service)


def _allocate_node_ports(store: ObjectStore, service: Object) -> None:
    identity = (service["metadata"].get("namespace"), service["metadata"].get("name"))
    others = [
        each
        for each in store.each("services")
        if (each["metadata"].get("namespace"), each["metadata"]["name"]) != identity
    ]
    used = {port.get("nodePort") for each in others for port in each["spec"].get("ports") or ()}
    for position, port in enumerate(service["spec"].get("ports") or ()):
        if asked := port.get("nodePort"):
            if problem := _refuse(asked, used):
                field = f"spec.ports[{position}].nodePort"
                raise invalid("Service", "", str(identity[1]), [wrong(field, asked, problem)])
        else:
            port["nodePort"] = next(
                free for free in iter(lambda: store.rng.choice(_NODE_PORTS), None) if free not in used
            )
        used.add(port["nodePort"])


def _refuse(port: int, used: set[int | None]) -> str:
    """Return why a node port that was asked for cannot be had; empty when it can."""
    if port not in _NODE_PORTS:
        bounds = f"{_NODE_PORTS.start}-{_NODE_PORTS.stop - 1}"
        return f"provided port is not in the valid range. The range of valid ports is {bounds}"
    return "provided port is already allocated" if port in used else ""
