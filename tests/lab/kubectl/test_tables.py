"""Tables cell by cell against what a real server printed of the same objects."""

from __future__ import annotations

from typing import Any

import pytest

from backends.lab.kubernetes import tables
from backends.lab.kubernetes.tables.texts import human_duration, seconds_of, selector_text
from tests.lab.kubectl.recorded import VERSION, json_lines

RECORDED = json_lines("rows-1.20.2.jsonl")
ROWS = [
    pytest.param(kind["resource"], kind["at"], row, id=f"{kind['resource']}/{row['object']['metadata']['name']}")
    for kind in RECORDED
    for row in kind["rows"]
]
NOW = seconds_of("2026-11-23T10:00:00Z")


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind["resource"]) for kind in RECORDED])
def test_columns_are_those_of_the_real_server(kind: dict[str, Any]) -> None:
    found = tables.columns(kind["resource"], VERSION)
    assert [[each["name"], each["type"], each["format"], each["priority"]] for each in found] == kind["columns"]
    assert all(each["description"] for each in found)


@pytest.mark.parametrize(("resource", "at", "row"), ROWS)
def test_cells_are_those_of_the_real_server(resource: str, at: float, row: dict[str, Any]) -> None:
    assert tables.cells(resource, row["object"], at, VERSION) == row["cells"]
    recorded = [{key: value for key, value in each.items() if value} for each in row.get("conditions", [])]
    assert tables.conditions(resource, row["object"]) == recorded


def test_every_row_has_a_cell_for_each_column_at_every_version() -> None:
    for version in ("v1.14.8", "v1.20.2", "v1.24.0", "v1.29.15", "v1.33.1", "v1.35.0"):
        for kind in RECORDED:
            printer = tables.printer(kind["resource"], version)
            for row in kind["rows"]:
                assert len(printer.cells(row["object"], kind["at"])) == len(printer.columns), (
                    version,
                    kind["resource"],
                )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (12_660, "3h31m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (176_400, "2d1h"),
        (691_200, "8d"),
        (62_985_600, "729d"),
        (63_072_000, "2y"),
        (63_158_400, "2y1d"),
        (252_288_000, "8y"),
    ],
)
def test_durations_are_written_as_kubectl_writes_them(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def recorded(resource: str, name: str) -> dict[str, Any]:
    """Return one recorded object."""
    for kind in RECORDED:
        if kind["resource"] == resource:
            for row in kind["rows"]:
                if row["object"]["metadata"]["name"] == name:
                    found: dict[str, Any] = row["object"]
                    return found
    raise LookupError(name)


def test_newer_servers_date_the_last_restart() -> None:
    crashed = recorded("pods", "crash")
    assert tables.cells("pods", crashed, NOW, "v1.21.0")[3] == 7
    assert tables.cells("pods", crashed, NOW, "v1.22.0")[3] == "7 (10m ago)"
    assert tables.columns("pods", "v1.22.0")[3]["type"] == "string"
    assert tables.cells("pods", recorded("pods", "running"), NOW, "v1.22.0")[3] == "0"


def test_sidecars_count_as_containers() -> None:
    started = {"name": "proxy", "restartCount": 1, "ready": True, "started": True, "state": {"running": {}}}
    main = {"name": "web", "restartCount": 2, "ready": True, "state": {"running": {}}}
    pod = {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "web"}], "initContainers": [{"name": "proxy", "restartPolicy": "Always"}]},
        "status": {"phase": "Running", "initContainerStatuses": [started], "containerStatuses": [main]},
    }
    assert tables.cells("pods", pod, NOW, "v1.33.1")[1:4] == ["2/2", "Running", "3"]
    started["started"] = False
    assert tables.cells("pods", pod, NOW, "v1.33.1")[1:3] == ["0/2", "Init:0/1"]


def test_a_pod_held_back_by_gates_says_so() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    pod = {"metadata": {"name": "p"}, "spec": {}, "status": {"phase": "Pending", "conditions": [condition]}}
    assert tables.cells("pods", pod, NOW, "v1.33.1")[2] == "SchedulingGated"


def test_autoscaler_targets_name_the_resource_on_newer_servers() -> None:
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}
    seen = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 0}}}
    obj = {
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 10, "metrics": [metric]},
        "status": {"currentMetrics": [seen], "currentReplicas": 1},
    }
    resource = "horizontalpodautoscalers.autoscaling"
    assert tables.cells(resource, obj, NOW, "v1.29.15")[2:6] == ["0%/80%", "<unset>", 10, 1]
    assert tables.cells(resource, obj, NOW, "v1.33.1")[2] == "cpu: 0%/80%"
    obj["status"] = {}
    assert tables.cells(resource, obj, NOW, "v1.33.1")[2] == "cpu: <unknown>/80%"


def test_newer_servers_show_more_of_jobs_and_cron_jobs() -> None:
    assert "Status" not in [each["name"] for each in tables.columns("jobs.batch", "v1.29.15")]
    assert tables.cells("jobs.batch", recorded("jobs.batch", "many"), NOW, "v1.33.1")[:4] == [
        "many",
        "Running",
        "4/4",
        "5m30s",
    ]
    assert tables.cells("cronjobs.batch", recorded("cronjobs.batch", "nightly"), NOW, "v1.33.1")[2] == "<none>"


def test_metrics_are_summed_over_containers() -> None:
    usage = [
        {"name": "a", "usage": {"cpu": "250m", "memory": "1Mi"}},
        {"name": "b", "usage": {"cpu": "5n", "memory": "24Ki"}},
    ]
    obj = {"metadata": {"name": "p"}, "containers": usage, "window": "30s"}
    assert tables.cells("pods.metrics.k8s.io", obj, NOW, VERSION) == ["p", "250000005n", "1048Ki", "30s"]


def test_selectors_are_written_as_the_server_writes_them() -> None:
    assert selector_text({}) == "<none>"
    assert selector_text({}, empty="") == ""
    assert selector_text({"matchLabels": {"b": "2", "a": "1"}}) == "a=1,b=2"


def test_an_unknown_kind_is_shown_by_name_and_creation_time() -> None:
    obj = {"metadata": {"name": "x", "creationTimestamp": "2026-11-23T09:00:00Z"}}
    assert [each["name"] for each in tables.columns("widgets.example.com", VERSION)] == ["Name", "Created At"]
    assert tables.cells("widgets.example.com", obj, NOW, VERSION) == ["x", "2026-11-23T09:00:00Z"]


def test_custom_columns_read_simple_paths() -> None:
    wanted: list[dict[str, Any]] = [
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
        {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].status"},
        {"name": "Hosts", "type": "string", "jsonPath": ".spec.hosts[*]"},
        {"name": "First", "type": "string", "jsonPath": ".spec.hosts[0]", "priority": 1},
        {"name": "Owner", "type": "string", "jsonPath": r".metadata.labels['example\.com/owner']"},
        {"name": "Missing", "type": "string", "jsonPath": ".spec.nothing.here"},
        {"name": "Odd", "type": "string", "jsonPath": ".spec..recursive"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    obj = {
        "metadata": {"name": "x", "creationTimestamp": "2026-11-23T09:58:00Z", "labels": {"example.com/owner": "ops"}},
        "spec": {"replicas": 3, "hosts": ["a", "b"]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    printer = tables.custom_printer(wanted)
    assert printer.cells(obj, NOW) == ["x", 3, "True", "a,b", "a", "ops", None, None, "2m"]
    assert [each["priority"] for each in printer.columns] == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert tables.custom_printer(None).cells(obj, NOW) == ["x", "2m"]
