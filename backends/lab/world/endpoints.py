"""Services: their addresses, and the Endpoints and EndpointSlices of the pods behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from backends.lab.objects import Change, Object
from backends.lab.world.cluster import Cluster, Controller, key_of_change
from backends.lab.world.pods import is_finished, is_ready
from backends.lab.world.shapes import Key, is_deleting, key_of, new_object, owner_reference, with_metadata, with_status

SLICES = "endpointslices.discovery.k8s.io"


class EndpointsController(Controller):
    """Writes which pods answer for each Service with a selector."""

    name: ClassVar[str] = "endpoint-controller"
    watches: ClassVar[tuple[str, ...]] = ("services", "pods")

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "services":
            yield key_of_change(change)
            return
        if change.revision == 0:
            return  # at the start every service is looked at anyway
        labels = [each["metadata"].get("labels") or {} for each in (change.object, change.before) if each]
        for service in self.index.in_namespace("services", change.object["metadata"]["namespace"]):
            selector = service["spec"].get("selector")
            if selector and any(_matches(selector, each) for each in labels):
                yield key_of(service)

    def reconcile(self, key: Key) -> None:
        service = self.store.find("services", *key)
        if service is None:
            self._remove(key)
            return
        if not service["spec"].get("selector") or is_deleting(service):
            return
        pods = [
            pod
            for pod in self.index.in_namespace("pods", key[0])
            if _matches(service["spec"]["selector"], pod["metadata"].get("labels") or {})
            and pod["status"].get("podIP")
            and not is_finished(pod)
        ]
        pods.sort(key=lambda pod: str(pod["metadata"]["name"]))
        self._write_endpoints(service, pods)
        self._write_slice(service, pods)

    def _write_endpoints(self, service: Object, pods: Sequence[Object]) -> None:
        ready = [_address(pod) for pod in pods if is_ready(pod) and not is_deleting(pod)]
        unready = [_address(pod) for pod in pods if not is_ready(pod) and not is_deleting(pod)]
        subset: Object = {"addresses": ready, "notReadyAddresses": unready, "ports": _ports(service, pods)}
        subset = {name: value for name, value in subset.items() if value}
        subsets = [subset] if ready or unready else []
        namespace, name = key_of(service)
        held = self.store.find("endpoints", namespace, name)
        if held is None:
            made = new_object("endpoints", name, namespace, labels=service["metadata"].get("labels"))
            if subsets:
                made["subsets"] = subsets
            self.store.create("endpoints", made, owned=True)
        elif held.get("subsets", []) != subsets:
            self.store.replace("endpoints", {**with_metadata(held), "subsets": subsets}, owned=True)

    def _write_slice(self, service: Object, pods: Sequence[Object]) -> None:
        endpoints = [_endpoint(pod) for pod in pods]
        # Ports of slices always have a name, if an empty one: `kubectl describe service` counts on it.
        ports = [{"name": "", **port} for port in _ports(service, pods)]
        held = next(iter(self.index.owned(service["metadata"]["uid"], SLICES)), None)
        if held is None:
            namespace, name = key_of(service)
            labels = {"kubernetes.io/service-name": name}
            labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
            made = new_object(SLICES, "", namespace, labels=labels, owners=[owner_reference(service)])
            made["metadata"]["generateName"] = f"{name}-"
            del made["metadata"]["name"]
            made |= {"addressType": "IPv4", "endpoints": endpoints, "ports": ports}
            self.store.create(SLICES, made, owned=True)
        elif held["endpoints"] != endpoints or held["ports"] != ports:
            changed = {**with_metadata(held), "endpoints": endpoints, "ports": ports}
            self.store.replace(SLICES, changed, owned=True)

    def _remove(self, key: Key) -> None:
        if self.store.find("endpoints", *key) is not None:
            self.store.remove("endpoints", *key)


class LoadBalancers(Controller):
    """Gives Services of type LoadBalancer a public address a while after they were made, as the cloud does."""

    name: ClassVar[str] = "service-controller"
    watches: ClassVar[tuple[str, ...]] = ("services",)

    def __init__(self, cluster: Cluster, network: str) -> None:
        self._network = network
        self._pending: set[Key] = set()
        super().__init__(cluster)

    def reconcile(self, key: Key) -> None:
        service = self.store.find("services", *key)
        if service is None:
            self._pending.discard(key)
            return
        wants = service["spec"].get("type") == "LoadBalancer"
        has = service.get("status", {}).get("loadBalancer", {}).get("ingress")
        if wants and not has and key not in self._pending:
            self._pending.add(key)
            self.record(service, "EnsuringLoadBalancer", "Ensuring load balancer")
            self.cluster.driver.call_after(self.cluster.rng.uniform(5, 15), self._assign, key)
        elif not wants and has:
            self.store.replace("services", with_status(service, loadBalancer={}), owned=True)

    def _assign(self, key: Key) -> None:
        self._pending.discard(key)
        service = self.store.find("services", *key)
        if service is None or service["spec"].get("type") != "LoadBalancer":
            return
        taken = {
            each["ip"]
            for other in self.store.each("services")
            for each in other.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
        }
        address = next(ip for ip in (f"{self._network}.{host}" for host in range(10, 250)) if ip not in taken)
        changed = with_status(service, loadBalancer={"ingress": [{"ip": address}]})
        service = self.store.replace("services", changed, owned=True)
        self.record(service, "EnsuredLoadBalancer", "Ensured load balancer")


def _matches(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _target(pod: Object) -> Object:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _address(pod: Object) -> Object:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": _target(pod)}


def _endpoint(pod: Object) -> Object:
    ready, ending = is_ready(pod), is_deleting(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not ending, "serving": ready, "terminating": ending},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": _target(pod),
    }


def _ports(service: Object, pods: Sequence[Object]) -> list[Object]:
    """Return the ports of the pods behind a Service, named target ports looked up in the first pod."""
    found = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort", port["port"])
        if isinstance(target, str) and pods:
            offered = [each for c in pods[0]["spec"]["containers"] for each in c.get("ports") or ()]
            target = next((each["containerPort"] for each in offered if each.get("name") == target), port["port"])
        shown: Object = {"port": target, "protocol": port.get("protocol", "TCP")}
        found.append({"name": port["name"], **shown} if port.get("name") else shown)
    return found
