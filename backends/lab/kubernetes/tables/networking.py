"""Services, endpoints, ingresses and network policies."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.tables.printer import AGE, NAME, Cells, Object, PrinterOf, column, same_for_all
from backends.lab.kubernetes.tables.texts import NONE, UNKNOWN, age, first_few, labels_text, selector_text

_SHOWN = 3
"""How many hosts, ports or endpoints a cell shows before it only counts."""


def _balancer_addresses(status: dict[str, Any]) -> str:
    """Return the load balancer's addresses, sorted and joined; empty when it has none yet."""
    entries = (status.get("loadBalancer") or {}).get("ingress") or ()
    found = {each.get("ip") or each.get("hostname") or "" for each in entries}
    return ",".join(sorted(found - {""}))


def _external_ip(spec: dict[str, Any], status: dict[str, Any]) -> str:
    kind = spec.get("type", "ClusterIP")
    external = ",".join(spec.get("externalIPs") or ())
    if kind in ("ClusterIP", "NodePort"):
        return external or NONE
    if kind == "LoadBalancer":
        return ",".join(text for text in (_balancer_addresses(status), external) if text) or "<pending>"
    return str(spec.get("externalName", "")) if kind == "ExternalName" else UNKNOWN


def _port_text(port: dict[str, Any]) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"


def _service_cells(obj: Object, now: float) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    addresses = spec.get("clusterIPs")
    return [
        obj["metadata"]["name"],
        spec.get("type", "ClusterIP"),
        (addresses[0] if addresses else spec.get("clusterIP")) or NONE,
        _external_ip(spec, obj.get("status") or {}),
        ",".join(_port_text(each) for each in spec.get("ports") or ()) or NONE,
        age(obj, now),
        labels_text(spec.get("selector")),
    ]


def _host_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _endpoints_cells(obj: Object, now: float) -> Cells:
    subsets = obj.get("subsets") or ()
    found: list[str] = []
    for subset in subsets:
        addresses = [each["ip"] for each in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        if not ports:
            found += addresses
        for port in ports:
            found += [_host_port(address, port["port"]) for address in addresses]
    text = first_few(found, _SHOWN, empty="") if subsets else NONE
    return [obj["metadata"]["name"], text, age(obj, now)]


def _slice_cells(obj: Object, now: float) -> Cells:
    ports = [str(each.get("port") or each.get("name") or "*") for each in obj.get("ports") or ()]
    addresses = [address for each in obj.get("endpoints") or () for address in each.get("addresses") or ()]
    return [
        obj["metadata"]["name"],
        obj.get("addressType", ""),
        first_few(ports, _SHOWN),
        first_few(addresses, _SHOWN),
        age(obj, now),
    ]


def _hosts_text(rules: list[dict[str, Any]]) -> str:
    """Return the rules' hosts; the count of more is over rules, also those without a host, as the server has it."""
    hosts = [rule["host"] for rule in rules if rule.get("host")]
    if not hosts:
        return "*"
    shown = ",".join(hosts[:_SHOWN])
    more = len(hosts) > _SHOWN or (len(hosts) == _SHOWN and not rules[-1].get("host"))
    return f"{shown} + {len(rules) - _SHOWN} more..." if more else shown


def _ingress_cells(obj: Object, now: float) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    return [
        obj["metadata"]["name"],
        spec.get("ingressClassName") or NONE,
        _hosts_text(spec.get("rules") or []),
        _balancer_addresses(obj.get("status") or {}),
        "80, 443" if spec.get("tls") else "80",
        age(obj, now),
    ]


def _ingress_class_cells(obj: Object, now: float) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    parameters = spec.get("parameters")
    text = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        text = f"{parameters['kind']}{group}/{parameters['name']}"
    return [obj["metadata"]["name"], spec.get("controller", ""), text, age(obj, now)]


def _network_policy_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], selector_text((obj.get("spec") or {}).get("podSelector")), age(obj, now)]


PRINTERS: dict[str, PrinterOf] = {
    "services": same_for_all(
        (
            NAME,
            column("Type", "How the service is reached."),
            column("Cluster-IP", "Address of the service inside the cluster."),
            column("External-IP", "Addresses of the service seen from outside."),
            column("Port(s)", "Ports of the service; after a colon, those on every node."),
            AGE,
            column("Selector", "Labels of the pods behind the service.", wide=True),
        ),
        _service_cells,
    ),
    "endpoints": same_for_all(
        (NAME, column("Endpoints", "Addresses and ports behind the service."), AGE), _endpoints_cells
    ),
    "endpointslices.discovery.k8s.io": same_for_all(
        (
            NAME,
            column("AddressType", "Kind of the addresses."),
            column("Ports", "Ports that every endpoint of the slice has."),
            column("Endpoints", "Addresses in the slice."),
            AGE,
        ),
        _slice_cells,
    ),
    "ingresses.networking.k8s.io": same_for_all(
        (
            NAME,
            column("Class", "Class of controller that should act on it."),
            column("Hosts", "Hosts that requests are matched against."),
            column("Address", "Addresses at which the ingress takes requests."),
            column("Ports", "Ports that are open: 443 where TLS is set up."),
            AGE,
        ),
        _ingress_cells,
    ),
    "ingressclasses.networking.k8s.io": same_for_all(
        (
            NAME,
            column("Controller", "Controller that acts on ingresses of the class."),
            column("Parameters", "Object with further settings of the class."),
            AGE,
        ),
        _ingress_class_cells,
    ),
    "networkpolicies.networking.k8s.io": same_for_all(
        (NAME, column("Pod-Selector", "Pods the policy is for."), AGE), _network_policy_cells
    ),
}
