from __future__ import annotations

from typing import Any

from backends.model.drift import ABSENT, differences
from backends.model.intended import Intended


def deployment(image: str = "web:v1", replicas: int = 3, **more: Any) -> dict[str, Any]:
    container = {"name": "web", "image": image, "env": [{"name": "A", "value": "1"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "uid": image, "resourceVersion": str(replicas), **more},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
        "status": {"readyReplicas": replicas},
    }


WHAT = "deployment/web"


def paths(**objects: dict[str, Any]) -> list[str]:
    return [each.path for each in differences(WHAT, objects)]


def test_what_the_server_writes_itself_is_no_difference() -> None:
    later = deployment(annotations={"deployment.kubernetes.io/revision": "7"})
    assert paths(orlando=deployment(), seattle=later) == []


def test_each_path_has_the_value_of_each_stamp() -> None:
    found = differences(WHAT, {"orlando": deployment(), "seattle": deployment("web:v2", 2), "berlin": deployment()})
    assert {each.path: dict(each.values) for each in found} == {
        "spec.replicas": {"orlando": "3", "seattle": "2", "berlin": "3"},
        "spec.template.spec.containers[web].image": {"orlando": "web:v1", "seattle": "web:v2", "berlin": "web:v1"},
    }


def test_named_items_are_compared_by_name_not_by_place() -> None:
    one, other = deployment(), deployment()
    container = other["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]
    (found,) = [each for each in differences(WHAT, {"o": one, "s": other}) if each.path.endswith("value")]
    assert found.path == "spec.template.spec.containers[web].env[B].value"
    assert dict(found.values) == {"o": ABSENT, "s": "2"}


def test_declared_differences_say_why_and_come_last() -> None:
    declared = [Intended("deployment/*", "spec.replicas", "seattle is half the size")]
    found = differences(WHAT, {"o": deployment(), "s": deployment("web:v2", 2)}, declared)
    assert [(each.path, each.reason) for each in found] == [
        ("spec.template.spec.containers[web].image", ""),
        ("spec.replicas", "seattle is half the size"),
    ]
    bracketed = [Intended(WHAT, "spec.template.spec.containers[web].image")]
    (image,) = differences(WHAT, {"o": deployment(), "s": deployment("x")}, bracketed)
    assert image.reason == "declared in fleet.yaml"


def test_secrets_are_masked_and_still_compared() -> None:
    def secret(value: str) -> dict[str, Any]:
        return {"kind": "Secret", "metadata": {"name": "db"}, "data": {"password": value}}

    (found,) = differences("secret/db", {"o": secret("aGVsbG8="), "s": secret("d29ybGQ=")})
    shown = " ".join(found.values.values())
    assert "aGVsbG8=" not in shown and "d29ybGQ=" not in shown and "differs" in shown
    assert differences("secret/db", {"o": secret("aGVsbG8="), "s": secret("aGVsbG8=")}) == []


def test_addresses_a_server_chose_are_its_own() -> None:
    def service(address: str, node_port: int, target: int) -> dict[str, Any]:
        port = {"name": "http", "port": 80, "nodePort": node_port, "targetPort": target}
        return {"kind": "Service", "metadata": {"name": "web"}, "spec": {"clusterIP": address, "ports": [port]}}

    objects = {"o": service("10.0.0.1", 30001, 8080), "s": service("10.0.0.2", 30002, 8081)}
    assert [each.path for each in differences("service/web", objects)] == ["spec.ports[http].targetPort"]


def test_one_stamp_has_nothing_to_differ_from() -> None:
    assert differences(WHAT, {"o": deployment()}) == []
