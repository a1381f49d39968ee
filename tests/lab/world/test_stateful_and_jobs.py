"""Workloads with an order or an end: StatefulSets, DaemonSets, Jobs, CronJobs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backends.lab.objects import Object
from backends.lab.world.job import next_time
from tests.lab.world.conftest import Living, living


def stateful(replicas: int) -> Object:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": {
                "metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [{"name": "db", "image": "db:v1"}]},
            },
            "volumeClaimTemplates": [claim],
        },
    }


async def test_stateful_pods_start_and_end_in_order_and_keep_their_names(lab: Living) -> None:
    lab.store.create("statefulsets.apps", stateful(3))
    seen: list[int] = []

    def all_ready() -> bool:
        seen.append(len(lab.pods("db-")))
        assert len(lab.pods("db-")) <= len(lab.ready("db-")) + 1  # never two starting at a time
        return len(lab.ready("db-")) == 3

    await lab.until(all_ready, "three ready")
    assert [pod["metadata"]["name"] for pod in lab.pods("db-")] == ["db-0", "db-1", "db-2"]
    claims = [each["metadata"]["name"] for each in lab.store.listing("persistentvolumeclaims", "default")]
    assert claims == ["data-db-0", "data-db-1", "data-db-2", "data-ratings-mongodb-0"]
    told = [text for text in lab.events("SuccessfulCreate") if "StatefulSet db" in text]
    assert told[0] == "create Claim data-db-0 Pod db-0 in StatefulSet db success"
    assert told[1] == "create Pod db-0 in StatefulSet db successful"

    lab.edit("statefulsets.apps", "db", replicas=1)
    await lab.until(lambda: len(lab.store.listing("pods", "default")) and len(lab.pods("db-")) == 1, "scaled down")
    assert [text for text in lab.events("SuccessfulDelete") if "db" in text] == [
        "delete Pod db-2 in StatefulSet db successful",
        "delete Pod db-1 in StatefulSet db successful",
    ]


async def test_stateful_update_goes_from_the_highest_down(lab: Living) -> None:
    lab.store.create("statefulsets.apps", stateful(2))
    await lab.until(lambda: len(lab.ready("db-")) == 2, "two ready")
    template = stateful(2)["spec"]["template"]
    template["spec"]["containers"][0]["image"] = "db:v2"
    lab.edit("statefulsets.apps", "db", template=template)
    await lab.until(
        lambda: [pod["spec"]["containers"][0]["image"] for pod in lab.ready("db-")] == ["db:v2"] * 2, "updated"
    )
    assert [text for text in lab.events("SuccessfulDelete") if "db" in text] == [
        "delete Pod db-1 in StatefulSet db successful",
        "delete Pod db-0 in StatefulSet db successful",
    ]
    await lab.until(
        lambda: (
            (status := lab.store.get("statefulsets.apps", "default", "db")["status"])["currentRevision"]
            == status["updateRevision"]
        ),
        "one revision",
    )


async def test_rolling_back_gives_the_old_revision_the_newest_number(lab: Living) -> None:
    lab.store.create("statefulsets.apps", stateful(1))
    await lab.until(lambda: len(lab.ready("db-")) == 1, "ready")
    for image in ("db:v2", "db:v1"):
        template = stateful(1)["spec"]["template"]
        template["spec"]["containers"][0]["image"] = image
        lab.edit("statefulsets.apps", "db", template=template)
        await lab.until(
            lambda image=image: [p["spec"]["containers"][0]["image"] for p in lab.ready("db-")] == [image],  # type: ignore[misc]
            image,
        )
    found = {
        each["data"]["spec"]["template"]["spec"]["containers"][0]["image"]: each["revision"]
        for each in lab.store.listing("controllerrevisions.apps", "default")
        if each["metadata"]["name"].startswith("db-")
    }
    assert found == {"db:v1": 3, "db:v2": 2}


async def test_daemon_set_reaches_every_node_and_updates_one_by_one(lab: Living) -> None:
    def proxies() -> list[Object]:
        return lab.ready("kube-proxy-", "kube-system")

    assert len(proxies()) == 6

    def edit(obj: Object) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = "proxy:v2"

    lab.store.change("daemonsets.apps", "kube-system", "kube-proxy", edit)
    least: list[int] = []

    def updated() -> bool:
        least.append(len(proxies()))
        return [pod["spec"]["containers"][0]["image"] for pod in proxies()] == ["proxy:v2"] * 6

    await lab.until(updated, "all updated")
    assert min(least) == 5


async def test_job_completes_and_failing_job_gives_up(lab: Living) -> None:
    for name, image in (("good", "work:v1"), ("bad", "work:fail")):
        template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "work", "image": image}]}}
        spec = {"template": template, "backoffLimit": 1, "completions": 1, "parallelism": 1}
        meta = {"name": name, "namespace": "default"}
        lab.store.create("jobs.batch", {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec})

    def outcome(name: str) -> str:
        status = lab.store.get("jobs.batch", "default", name).get("status") or {}
        return str((status.get("conditions") or [{"type": ""}])[0]["type"])

    await lab.until(lambda: outcome("good") == "Complete" and outcome("bad") == "Failed", "both ended")
    assert lab.pods("good-")[0]["status"]["phase"] == "Succeeded"
    assert {pod["status"]["phase"] for pod in lab.pods("bad-")} == {"Failed"}
    assert len(lab.pods("bad-")) == 2
    assert lab.events("BackoffLimitExceeded") == ["Job has reached the specified backoff limit"]


async def test_cron_job_runs_and_forgets() -> None:
    async with living(speed=500) as lab:
        await lab.until(lambda: len(lab.events("Completed")) >= 4, "four runs")
        assert 1 <= len(lab.store.listing("jobs.batch", "reporting")) <= 4
        assert lab.store.get("cronjobs.batch", "reporting", "ratings-report")["status"]["lastSuccessfulTime"]


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("*/4 * * * *", "2026-11-23T10:01:30", "2026-11-23T10:04:00"),
        ("0 3 * * *", "2026-11-23T03:00:00", "2026-11-24T03:00:00"),
        ("30 9 * * 1-5", "2026-11-21T12:00:00", "2026-11-23T09:30:00"),
        ("0 0 1 1 *", "2026-11-23T10:00:00", "2027-01-01T00:00:00"),
        ("15,45 8-10 * * *", "2026-11-23T10:20:00", "2026-11-23T10:45:00"),
        ("@hourly", "2026-11-23T23:59:59", "2026-11-24T00:00:00"),
        ("0 12 * * 7", "2026-11-23T10:00:00", "2026-11-29T12:00:00"),
    ],
)
def test_schedules(schedule: str, after: str, expected: str) -> None:
    found = next_time(schedule, datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp())
    assert datetime.fromtimestamp(found, UTC).isoformat()[:19] == expected


def test_wrong_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="fields"):
        next_time("* * *", 0)
