"""The Job and CronJob controllers: pods that run to their end, now or by the clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from backends.lab.clock import rfc3339
from backends.lab.objects import Change, Object, copy_json
from backends.lab.world.cluster import Controller, key_of_change
from backends.lab.world.pods import from_template, is_ready
from backends.lab.world.replicaset import owners_named, parse_time
from backends.lab.world.shapes import Key, is_deleting, key_of, new_object, owner_reference, set_condition, with_status

JOBS = "jobs.batch"


class JobController(Controller):
    """Runs the pods of Jobs until enough of them succeeded or too many failed."""

    name: ClassVar[str] = "job-controller"
    watches: ClassVar[tuple[str, ...]] = (JOBS, "pods")

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "pods":
            yield from owners_named(change, "Job")
        else:
            yield key_of_change(change)

    def reconcile(self, key: Key) -> None:
        job = self.store.find(JOBS, *key)
        if job is None or is_deleting(job) or _ended(job):
            return
        pods = [pod for pod in self.index.owned(job["metadata"]["uid"], "pods") if not is_deleting(pod)]
        succeeded = sum(pod["status"].get("phase") == "Succeeded" for pod in pods)
        failed = sum(pod["status"].get("phase") == "Failed" for pod in pods)
        active = len(pods) - succeeded - failed
        spec = job["spec"]
        completions = spec.get("completions", 1)
        if failed <= spec.get("backoffLimit", 6) and succeeded < completions and not spec.get("suspend"):
            wanted = min(spec.get("parallelism", 1), completions - succeeded)
            for _ in range(wanted - active):
                self._create(job)
                active += 1
        ready = sum(is_ready(pod) for pod in pods)
        self._write_status(job, active, ready, succeeded, failed, completions)

    def _create(self, job: Object) -> None:
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        labels = {"job-name": name, "controller-uid": uid}
        if self.cluster.minor >= 27:
            labels |= {"batch.kubernetes.io/job-name": name, "batch.kubernetes.io/controller-uid": uid}
        pod = from_template(job, job["spec"]["template"], generateName=f"{name}-", labels=labels)
        if pod["spec"]["restartPolicy"] == "Always":
            pod["spec"]["restartPolicy"] = "Never"
        pod = self.store.create("pods", pod, owned=True)
        self.record(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    def _write_status(self, job: Object, active: int, ready: int, succeeded: int, failed: int, wanted: int) -> None:
        now = self.cluster.now
        old = job.get("status") or {}
        status: Object = {"startTime": old.get("startTime") or rfc3339(now)}
        counts = {"active": active, "ready": ready, "succeeded": succeeded, "failed": failed}
        status |= {name: count for name, count in counts.items() if count}
        if succeeded >= wanted:
            status["completionTime"] = rfc3339(now)
            status["conditions"] = set_condition([], "Complete", "True", "", "", now)
            self.record(job, "Completed", "Job completed")
        elif failed > job["spec"].get("backoffLimit", 6):
            text = "Job has reached the specified backoff limit"
            status["conditions"] = set_condition([], "Failed", "True", "BackoffLimitExceeded", text, now)
            self.record(job, "BackoffLimitExceeded", text, warning=True)
        if status != old:
            changed = with_status(job)
            changed["status"] = status
            self.store.replace(JOBS, changed, owned=True)


class CronJobController(Controller):
    """Makes a Job whenever the schedule of a CronJob says so, and forgets old ones."""

    name: ClassVar[str] = "cronjob-controller"
    watches: ClassVar[tuple[str, ...]] = ("cronjobs.batch", JOBS)

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == JOBS:
            yield from owners_named(change, "CronJob")
        else:
            yield key_of_change(change)

    def reconcile(self, key: Key) -> None:
        cron = self.store.find("cronjobs.batch", *key)
        if cron is None or is_deleting(cron):
            return
        jobs = self.index.owned(cron["metadata"]["uid"], JOBS)
        now = self.cluster.now
        last = cron.get("status", {}).get("lastScheduleTime") or cron["metadata"]["creationTimestamp"]
        due = next_time(cron["spec"]["schedule"], max(parse_time(last), now - 120))
        status = dict(cron.get("status") or {})
        if due <= now and not cron["spec"].get("suspend"):
            if cron["spec"].get("concurrencyPolicy") != "Forbid" or all(_ended(job) for job in jobs):
                jobs.append(self._create(cron, due))
            status["lastScheduleTime"] = rfc3339(due)
            due = next_time(cron["spec"]["schedule"], due)
        self._forget(cron, jobs)
        active = [job for job in jobs if not _ended(job)]
        status["active"] = [_reference(job) for job in active]
        done = [job["status"]["completionTime"] for job in jobs if job.get("status", {}).get("completionTime")]
        if done:
            status["lastSuccessfulTime"] = max(done)
        if not active:
            del status["active"]
        if status != (cron.get("status") or {}):
            changed = with_status(cron)
            changed["status"] = status
            self.store.replace("cronjobs.batch", changed, owned=True)
        self.again(max(1.0, due - now), key)

    def _create(self, cron: Object, due: float) -> Object:
        template = copy_json(cron["spec"]["jobTemplate"])
        name = f"{cron['metadata']['name']}-{int(due // 60)}"
        spec = template["spec"]
        job = new_object(
            JOBS, name, cron["metadata"]["namespace"], owners=[owner_reference(cron)],
            labels=template.get("metadata", {}).get("labels"), spec=spec, status={},
        )  # fmt: skip
        spec.setdefault("parallelism", 1)
        spec.setdefault("completions", 1)
        spec.setdefault("backoffLimit", 6)
        job = self.store.create(JOBS, job, owned=True)
        uid = job["metadata"]["uid"]

        def select(made: Object) -> None:
            made["spec"]["selector"] = {"matchLabels": {"controller-uid": uid}}

        job = self.store.change(JOBS, *key_of(job), select)
        self.record(cron, "SuccessfulCreate", f"Created job {name}")
        return job

    def _forget(self, cron: Object, jobs: list[Object]) -> None:
        for kind, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            keep = cron["spec"].get(limit, 3 if kind == "Complete" else 1)
            ended = sorted(
                (job for job in jobs if _ended(job) == kind), key=lambda job: str(job["metadata"]["creationTimestamp"])
            )
            for job in ended[: max(0, len(ended) - keep)]:
                self.store.remove(JOBS, *key_of(job))
                jobs.remove(job)


def next_time(schedule: str, after: float) -> float:
    """Return the first minute after `after` a cron schedule names (five fields, UTC); ValueError when it is wrong."""
    fields = _NICKNAMES.get(schedule, schedule).split()
    if len(fields) != 5:
        raise ValueError(f"schedule {schedule!r} has {len(fields)} fields instead of 5")
    minutes, hours, days, months, weekdays = (
        _values(field, low, high)
        for field, (low, high) in zip(fields, ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7)), strict=True)
    )
    weekdays = {day % 7 for day in weekdays}
    at = datetime.fromtimestamp(after, UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(366 * 24):
        if at.month in months and at.day in days and at.isoweekday() % 7 in weekdays and at.hour in hours:
            later = [minute for minute in minutes if minute >= at.minute]
            if later:
                return at.replace(minute=min(later)).timestamp()
        at = at.replace(minute=0) + timedelta(hours=1)
    raise ValueError(f"schedule {schedule!r} names no time within a year")


_NICKNAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}


def _values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (int(each) for each in span.split("-"))
        else:
            first = int(span)
            last = high if step else first
        found.update(range(first, last + 1, int(step or 1)))
    return found


def _ended(job: Object) -> str:
    """Return Complete or Failed, empty while the job goes on."""
    for each in job.get("status", {}).get("conditions") or ():
        if each["type"] in ("Complete", "Failed") and each["status"] == "True":
            return str(each["type"])
    return ""


def _reference(job: Object) -> Object:
    meta = job["metadata"]
    return {
        "kind": "Job",
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": "batch/v1",
        "resourceVersion": meta["resourceVersion"],
    }
