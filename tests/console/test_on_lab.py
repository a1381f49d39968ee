"""The headless commands against the lab, through their real processes and sockets."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from console.commands.lab_process import LabProcess
from tests.console.command_line import command, stampdeck
from tests.support.waiting import wait_until


def status(*arguments: str) -> tuple[int, dict[str, Any]]:
    found = stampdeck("status", "-o", "json", *arguments)
    assert "Traceback" not in found.err
    return found.code, json.loads(found.out)


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_status_of_a_healthy_fleet(on_lab: LabProcess) -> None:
    wait_until(lambda: status()[0] == 0)
    code, document = status()
    assert (code, document["degraded"], document["verdict"]["level"]) == (0, False, "up")
    orlando, seattle = document["stamps"]
    assert (orlando["name"], seattle["name"], seattle["protection"]) == ("orlando", "seattle", "typed")
    assert orlando["api"]["state"] == "LIVE" and orlando["api"]["age_s"] < 30
    assert orlando["nodes"]["ready"] == orlando["nodes"]["total"] > 2
    assert orlando["pods"]["running"] > 10
    assert orlando["probe"]["ok"] and orlando["probe"]["served_by"] == "orlando"
    assert {"nodes", "pods"} <= set(orlando["sources"])


def test_the_status_document_keeps_its_schema(on_lab: LabProcess) -> None:
    schema = json.loads(stampdeck("status", "--schema").out)
    _, document = status()
    Draft202012Validator(schema).validate(document)
    _, other = status("--stamp", "seattle")
    assert [stamp["name"] for stamp in other["stamps"]] == ["seattle"]


def test_yaml_says_the_same_shape(on_lab: LabProcess) -> None:
    found = yaml.safe_load(stampdeck("status", "-o", "yaml").out)
    assert set(found) == set(status()[1])


def test_a_dead_api_is_degraded_and_the_other_stamp_prints(on_lab: LabProcess) -> None:
    assert stampdeck("lab", "fault", "orlando", "api-down").code == 0
    code, document = status()
    assert (code, document["degraded"]) == (3, True)
    orlando, seattle = document["stamps"]
    assert orlando["api"]["state"] == "DOWN" and "refused" in orlando["api"]["reason"]
    assert orlando["problems"] and seattle["api"]["state"] == "LIVE"
    # The service is up where only the cluster's API is down.
    assert orlando["probe"]["ok"]

    found = stampdeck("get", "pods", "-A")
    assert found.code == 3
    assert found.err.startswith("orlando: DOWN: connection refused")
    assert "ratings-web" in found.out and {line.split()[0] for line in found.out.splitlines()[1:]} == {"seattle"}

    assert stampdeck("--stamp", "orlando", "get", "pods").code == 1
    found = stampdeck("logs", "deployment/ratings-web", "--tail", "2")
    assert found.code == 3
    assert "orlando: " in found.err and found.out.startswith("[seattle ratings-web-")


def test_watching_status_is_a_document_per_line_and_ends_well(on_lab: LabProcess) -> None:
    with running("status", "--watch", "-o", "json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        stampdeck("lab", "fault", "seattle", "api-down")
        while json.loads(process.stdout.readline())["stamps"][1]["api"]["state"] != "DOWN":
            pass
        assert first["schema"] == "stampdeck.status/1"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_get_in_every_form(on_lab: LabProcess) -> None:
    table = stampdeck("get", "nodes")
    assert (table.code, table.err) == (0, "")
    assert table.out.split("\n")[0].split()[:4] == ["STAMP", "NAME", "STATUS", "ROLES"]
    assert [line.split()[0] for line in table.out.splitlines()[1:]] == ["orlando"] * 6 + ["seattle"] * 6

    wide = stampdeck("get", "nodes", "--stamp", "orlando", "-o", "wide").out
    assert wide.startswith("NAME ") and "CONTAINER-RUNTIME" in wide

    rows = list(csv.DictReader(io.StringIO(stampdeck("get", "po", "-A", "-o", "csv", "-l", "app=ratings-web").out)))
    assert rows and all(row["NAME"].startswith("ratings-web-") for row in rows)

    names = stampdeck("get", "sts", "-o", "name", "--stamp", "seattle").out
    assert names == "statefulset.apps/ratings-mongodb\n"

    document = json.loads(stampdeck("get", "deploy", "-o", "json").out)
    assert document["stamps"]["orlando"]["state"] == "LIVE"
    assert {"ratings-web", "ratings-api"} <= {item["name"] for item in document["items"]}


def test_get_sorts_and_filters_by_meaning(on_lab: LabProcess) -> None:
    found = stampdeck("get", "pods", "-A", "--stamp", "orlando", "--sort-by", "-cpu", "--filter", "cpu>5m", "-o", "csv")
    usage = [int(row["CPU"].removesuffix("m")) for row in csv.DictReader(io.StringIO(found.out))]
    assert len(usage) > 3
    assert usage == sorted(usage, reverse=True) and min(usage) > 5
    assert stampdeck("get", "pods", "--sort-by", "colour").code == 2
    assert stampdeck("get", "pods", "--filter", "colour>3").code == 2


def test_get_of_one_object(on_lab: LabProcess) -> None:
    found = stampdeck("get", "pod", "ratings-mongodb-0")
    assert [line.split()[:2] for line in found.out.splitlines()[1:]] == [
        ["orlando", "ratings-mongodb-0"],
        ["seattle", "ratings-mongodb-0"],
    ]
    whole = json.loads(stampdeck("get", "pod/ratings-mongodb-0", "-o", "json", "--stamp", "seattle").out)
    (item,) = whole["items"]
    assert (item["stamp"], item["object"]["kind"]) == ("seattle", "Pod")
    missing = stampdeck("get", "pod", "nobody")
    assert (missing.code, missing.out) == (1, "")
    assert "not found" in missing.err
    unknown = stampdeck("get", "gadgets")
    assert unknown.code == 1
    assert "no kind named gadgets" in unknown.err


def test_get_watch_prints_what_changes(on_lab: LabProcess) -> None:
    with running("get", "nodes", "--watch", "-o", "json", "--stamp", "orlando") as process:
        assert process.stdout is not None
        known = [json.loads(process.stdout.readline()) for _ in range(6)]
        assert {each["type"] for each in known} == {"ADDED"}
        stampdeck("lab", "fault", "orlando", "node-notready")
        while True:
            event = json.loads(process.stdout.readline())
            if event["cells"]["Status"].startswith("NotReady"):
                break
        assert event["type"] == "MODIFIED"
        process.terminate()
        assert process.wait(10) == 0


def test_kinds(on_lab: LabProcess) -> None:
    found = stampdeck("get", "--kinds")
    assert found.code == 0
    assert any(line.split()[:3] == ["pods", "po", "v1"] for line in found.out.splitlines())


def test_logs_of_a_workload_on_all_stamps(on_lab: LabProcess) -> None:
    found = stampdeck("logs", "deployment/ratings-web", "--tail", "5", "--timestamps")
    assert (found.code, found.err) == (0, "")
    lines = found.out.splitlines()
    assert {line.split()[0] for line in lines} == {"[orlando", "[seattle"}
    times = [line.split("] ", 1)[1].split()[0] for line in lines]
    assert times == sorted(times)
    one = stampdeck("logs", "ratings-mongodb-0", "--stamp", "orlando", "--tail", "3").out
    assert one.count("\n") == 3
    nobody = stampdeck("logs", "deployment/nobody")
    assert (nobody.code, nobody.out) == (1, "")
    assert "orlando: " in nobody.err and "not found" in nobody.err


def test_following_logs_goes_on_until_stopped(on_lab: LabProcess) -> None:
    with running("logs", "deployment/ratings-web", "-f", "--tail", "0") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith("[")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "Traceback" not in process.stderr.read()


def test_following_logs_ends_when_its_reader_leaves(on_lab: LabProcess) -> None:
    with running("logs", "deployment/ratings-web", "-f", "--tail", "1") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()


def test_doctor(on_lab: LabProcess) -> None:
    found = stampdeck("doctor", "-o", "json")
    checks = json.loads(found.out)["checks"]
    assert {check["stamp"] for check in checks} == {"orlando", "seattle", None}
    assert {"configuration", "journal"} <= {check["source"] for check in checks}
    assert {"helper-vm", "aks-engine", "service-principal", "api-from-vm"} <= {check["source"] for check in checks}
    assert [check for check in checks if check["outcome"] == "fail"] == []
    stampdeck("lab", "fault", "orlando", "token-revoked")
    found = stampdeck("doctor")
    assert found.code == 3
    assert "fail  orlando" in found.out and "do: " in found.out


def test_lab_commands(on_lab: LabProcess) -> None:
    assert stampdeck("lab", "fault", "orlando", "api-slow=3", "--for", "5m").out.startswith("orlando: api-slow=3 for ")
    told = stampdeck("lab", "status")
    assert told.code == 0 and "api-slow=3" in told.out
    plain = json.loads(stampdeck("lab", "status", "-o", "json").out)
    assert [fault["name"] for fault in plain["faults"]] == ["api-slow"]
    assert stampdeck("lab", "clear", "orlando", "api-slow").code == 0
    assert stampdeck("lab", "clear").out == "no fault was in force\n"
    wrong = stampdeck("lab", "fault", "orlando", "api-don")
    assert wrong.code == 1 and "did you mean api-down" in wrong.err
    assert "api-down" in stampdeck("lab", "faults").out
