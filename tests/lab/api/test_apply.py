"""Server-side apply: ownership, conflicts, and what is dropped."""

from __future__ import annotations

from typing import Any

from tests.lab.api.support import Lab
from tests.lab.api.test_writing import DEPLOYMENTS, MAPS, deployment


def _map(name: str = "a", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def _apply(lab: Lab, path: str, body: Any, manager: str = "one", query: str = "") -> Any:
    return await lab.patch(f"{path}?fieldManager={manager}{query}", body, "apply")


async def test_it_creates_and_owns(lab: Lab) -> None:
    answer = await _apply(lab, f"{MAPS}/a", _map(x="1"))
    assert answer.status == 201
    assert answer.json["metadata"]["managedFields"] == [
        {
            "manager": "one",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": answer.json["metadata"]["managedFields"][0]["time"],
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:x": {}}},
        }
    ]


async def test_the_same_again_changes_nothing(lab: Lab) -> None:
    first = await _apply(lab, f"{MAPS}/a", _map(x="1"))
    again = await _apply(lab, f"{MAPS}/a", _map(x="1"))
    assert again.status == 200
    assert again.json["metadata"]["resourceVersion"] == first.json["metadata"]["resourceVersion"]


async def test_what_is_no_longer_wanted_is_dropped(lab: Lab) -> None:
    await _apply(lab, f"{MAPS}/a", _map(x="1", y="2"))
    await lab.patch(f"{MAPS}/a?fieldManager=other", {"data": {"z": "3"}})
    answer = await _apply(lab, f"{MAPS}/a", _map(x="1"))
    assert answer.json["data"] == {"x": "1", "z": "3"}


async def test_what_another_still_wants_stays(lab: Lab) -> None:
    await _apply(lab, f"{MAPS}/a", _map(x="1", y="2"))
    await _apply(lab, f"{MAPS}/a", _map(y="2"), "two")
    answer = await _apply(lab, f"{MAPS}/a", _map(x="1"))
    assert answer.json["data"] == {"x": "1", "y": "2"}


async def test_conflicts_name_the_owner_and_the_field(lab: Lab) -> None:
    await lab.ask(f"{MAPS}?fieldManager=curl", "POST", _map(x="1"))
    answer = await _apply(lab, f"{MAPS}/a", _map(x="9"))
    assert answer.status == 409
    assert answer.json["message"] == 'Apply failed with 1 conflict: conflict with "curl" using v1: .data.x'
    assert answer.json["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "curl" using v1', "field": ".data.x"}
    ]
    forced = await _apply(lab, f"{MAPS}/a", _map(x="9"), query="&force=true")
    assert forced.json["data"] == {"x": "9"}
    managers = {each["manager"]: each["fieldsV1"] for each in forced.json["metadata"]["managedFields"]}
    assert managers["one"] == {"f:data": {"f:x": {}}}
    assert "f:x" not in managers.get("curl", {}).get("f:data", {})


async def test_several_conflicts(lab: Lab) -> None:
    await _apply(lab, f"{MAPS}/a", _map(x="1", y="2"))
    answer = await _apply(lab, f"{MAPS}/a", _map(x="8", y="9"), "two")
    assert answer.json["message"] == ('Apply failed with 2 conflicts: conflict with "one":\n- .data.x\n- .data.y')


async def test_lists_merge_by_their_keys(lab: Lab) -> None:
    await _apply(lab, f"{DEPLOYMENTS}/web", deployment())
    sidecar = deployment()
    sidecar["spec"] = {"template": {"spec": {"containers": [{"name": "side", "image": "side:v1"}]}}}
    answer = await _apply(lab, f"{DEPLOYMENTS}/web", sidecar, "two")
    assert answer.status == 200, answer.json
    containers = answer.json["spec"]["template"]["spec"]["containers"]
    assert {each["name"]: each["image"] for each in containers} == {"web": "web:v1", "side": "side:v1"}
    image = deployment()
    image["spec"] = {"template": {"spec": {"containers": [{"name": "web", "image": "web:v9"}]}}}
    refused = await _apply(lab, f"{DEPLOYMENTS}/web", image, "two")
    assert refused.status == 409
    assert '.spec.template.spec.containers[name="web"].image' in refused.json["message"]


async def test_an_ordinary_write_takes_ownership(lab: Lab) -> None:
    await _apply(lab, f"{DEPLOYMENTS}/web", deployment(replicas=2))
    await lab.patch(f"{DEPLOYMENTS}/web?fieldManager=scaler", {"spec": {"replicas": 5}})
    answer = await _apply(lab, f"{DEPLOYMENTS}/web", deployment(replicas=2))
    assert answer.status == 409
    assert 'conflict with "scaler" using apps/v1: .spec.replicas' in answer.json["message"]


async def test_what_is_missing(lab: Lab) -> None:
    nobody = await lab.patch(f"{MAPS}/a", _map(), "apply")
    assert nobody.json["message"] == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    )
    other = await _apply(lab, f"{MAPS}/b", _map("a"))
    assert other.json["message"] == "the name of the object (a) does not match the name on the URL (b)"
