"""Pods: logs, exec, describe, metrics, deletion, watching."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Callable

import pytest

from backends.lab.control import LabControl
from backends.lab.runner import RunningLab
from tests.lab.kubectl.printed import Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.xdist_group("kubectl")]


@pytest.fixture
def pod(kubectl: Kubectl) -> str:
    """The name of a pod of ratings-web that is ready and stays."""
    pods = json.loads(kubectl.run("get", "pods", "-l", "app=ratings-web", "-o", "json").out)["items"]
    return next(
        str(each["metadata"]["name"])
        for each in pods
        if "deletionTimestamp" not in each["metadata"] and each["status"]["containerStatuses"][0]["ready"]
    )


def read_until(process: subprocess.Popen[str], enough: Callable[[list[str]], bool]) -> list[str]:
    """Read lines of a process that goes on until there are enough, then end it."""
    assert process.stdout is not None
    found: list[str] = []
    try:
        while not enough(found):
            line = process.stdout.readline()
            assert line, (found, process.stderr and process.stderr.read())
            found.append(line.rstrip("\n"))
    finally:
        process.terminate()
        process.communicate()
    return found


def test_logs(kubectl: Kubectl, pod: str) -> None:
    everything = kubectl.run("logs", pod).lines
    assert everything
    assert len(kubectl.run("logs", pod, "--tail=1").lines) == 1
    stamped = kubectl.run("logs", pod, "--tail=1", "--timestamps").out
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ", stamped)
    assert "ratings-web" in kubectl.run("logs", "deployment/ratings-web", "--tail=1", "--prefix").out


def test_logs_follow(kubectl: Kubectl, pod: str) -> None:
    lines = read_until(kubectl.start("logs", "-f", pod, "--tail=0"), lambda found: len(found) >= 3)
    assert all(lines)


def test_logs_of_what_is_not_there(kubectl: Kubectl, pod: str) -> None:
    refused = kubectl.run("logs", pod, "--previous", code=1)
    assert refused.err == (
        f'Error from server (BadRequest): previous terminated container "ratings-web" in pod "{pod}" not found\n'
    )
    wrong = kubectl.run("logs", pod, "-c", "nothing", code=1)
    assert wrong.err == f"error: container nothing is not valid for pod {pod} out of: ratings-web\n"
    missing = kubectl.run("logs", "no-such-pod", code=1)
    assert missing.err == 'error: error from server (NotFound): pods "no-such-pod" not found in namespace "default"\n'


def test_exec(kubectl: Kubectl, pod: str) -> None:
    assert kubectl.run("exec", pod, "--", "hostname").out == f"{pod}\n"
    assert kubectl.run("exec", pod, "--", "echo", "two words").out == "two words\n"
    failed = kubectl.run("exec", pod, "--", "sh", "-c", "exit 3", code=3)
    assert "command terminated with exit code 3" in failed.err
    piped = kubectl.run("exec", "-i", pod, "--", "cat", stdin="through the pipe\n")
    assert piped.out == "through the pipe\n"


def test_describe_pod(kubectl: Kubectl, pod: str) -> None:
    text = kubectl.run("describe", "pod", pod).out
    for pattern in (
        rf"Name: +{pod}\n",
        r"Controlled By:  ReplicaSet/ratings-web-",
        r"State:          Running\n",
        r"Ready:          True",
        r"Ready +True",
        r"Liveness:   http-get http://:8080/healthz",
        r"QoS Class: +Burstable",
        r"Tolerations: +node\.kubernetes\.io/not-ready:NoExecute op=Exists for 30s",
    ):
        assert re.search(pattern, text), pattern


def test_top_pods(kubectl: Kubectl) -> None:
    table = kubectl.until(lambda each: "ratings-web" in each.out, "top", "pods").table
    assert table.columns == ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    row = table.row("ratings-mongodb-0")
    assert re.fullmatch(r"\d+m", row["CPU(cores)"])
    assert re.fullmatch(r"\d+Mi", row["MEMORY(bytes)"])
    containers = kubectl.run("top", "pods", "--containers").table
    assert containers.columns == ["POD", "NAME", "CPU(cores)", "MEMORY(bytes)"]


def test_a_deleted_pod_is_replaced_while_a_watch_looks_on(kubectl: Kubectl, pod: str) -> None:
    watch = kubectl.start("get", "pods", "-l", "app=ratings-web", "-w", "--output-watch-events")
    assert watch.stdout is not None
    heading = watch.stdout.readline()
    assert heading.split() == ["EVENT", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    listed = watch.stdout.readline().split()
    assert listed[0] == "ADDED"
    assert kubectl.run("delete", "pod", pod).out == f'pod "{pod}" deleted from default namespace\n'
    lines = read_until(watch, lambda found: any(line.startswith("DELETED") for line in found))
    events = [line.split() for line in lines]
    assert ["MODIFIED", pod, "Terminating"] in [[each[0], each[1], each[3]] for each in events]
    assert [each[1] for each in events if each[0] == "DELETED"] == [pod]
    gone = kubectl.run("get", "pod", pod, code=1)
    assert gone.err == f'Error from server (NotFound): pods "{pod}" not found\n'
    kubectl.run("rollout", "status", "deployment/ratings-web", "--timeout=30s")


def test_previous_logs_of_a_container_that_crashes(kubectl: Kubectl, lab: RunningLab) -> None:
    control = LabControl.read(lab.directory)
    asyncio.run(control.fault(lab.stamps[0], "pods-crashloop=ratings-api"))
    try:
        get = ("get", "pods", "-l", "app=ratings-api")
        rows = kubectl.until(lambda each: "CrashLoopBackOff" in each.out, *get).table.rows
        crashed = next(row for row in rows if row["STATUS"] == "CrashLoopBackOff")
        assert re.fullmatch(r"[1-9]\d* \(\d+[ms].* ago\)", crashed["RESTARTS"])
        assert crashed["READY"] == "0/1"
        assert kubectl.run("logs", crashed["NAME"], "--previous").lines
        # It is started again and again meanwhile: it may run in any single moment.
        back_off = re.compile(r"Warning +BackOff .* Back-off restarting failed container")
        kubectl.until(
            lambda each: "Reason:       CrashLoopBackOff" in each.out and bool(back_off.search(each.out)),
            *("describe", "pod", crashed["NAME"]),
        )
    finally:
        asyncio.run(control.clear())
    kubectl.run("rollout", "status", "deployment/ratings-api", "--timeout=60s")
