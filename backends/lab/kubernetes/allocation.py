"""Cluster IPs and node ports of Services, chosen when a Service is stored."""

from __future__ import annotations

from backends.lab.objects import Object, ObjectStore

_NETWORK = "10.0"
_NODE_PORTS = range(30000, 32768)


def allocate(store: ObjectStore, service: Object) -> None:
    """Give a private Service object what its type needs and it has not got."""
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
        used = {port.get("nodePort") for each in store.each("services") for port in each["spec"].get("ports") or ()}
        for port in spec.get("ports") or ():
            if not port.get("nodePort"):
                port["nodePort"] = next(
                    free for free in iter(lambda: store.rng.choice(_NODE_PORTS), None) if free not in used
                )
                used.add(port["nodePort"])
