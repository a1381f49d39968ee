"""`stampdeck do` on the lab: planned, refused, confirmed, done, read back and written down."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from console.commands.lab_process import LabProcess, lab_process
from tests.console.command_line import command, stampdeck
from tests.console.writing_lab import audited, configure, do, do_json, replicas, set_replicas
from tests.support.pty_terminal import PtyTerminal
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def written_lab() -> Iterator[LabProcess]:
    with lab_process("--speed", "3") as running:
        yield running


@pytest.fixture(autouse=True)
def on_written_lab(written_lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The lab as every command's configuration; three replicas everywhere at first, and no fault."""
    configure(written_lab, monkeypatch)
    stampdeck("lab", "clear")
    for stamp in ("orlando", "seattle"):
        set_replicas(stamp, 3)
    yield
    stampdeck("lab", "clear")


SCALE = ("scale", "deployment/ratings-web", "--stamp", "orlando")


def test_without_write_it_only_says_what_it_would_do() -> None:
    found = do(*SCALE, "--replicas", "5")
    assert found.code == 0
    assert found.out.startswith("scale deployment/ratings-web from 3 to 5 on orlando\n")
    assert "  pass    update deployment/scale in default\n" in found.out
    assert "  -  replicas: 3\n  +  replicas: 5\n" in found.out
    assert "--context orlando -n default scale deployment/ratings-web --replicas=5\n" in found.out
    assert found.err == "nothing was done: --write does it\n"
    assert replicas("orlando") == 3
    assert audited() == []


def test_the_document_keeps_its_schema() -> None:
    schema = json.loads(do("scale", "x/y", "--replicas", "1", "--schema").out)
    for words in ((), ("--write", "--yes")):
        found = do(*SCALE, "--replicas", "4", "-o", "json", *words)
        assert found.code == 0
        Draft202012Validator(schema).validate(json.loads(found.out))
    code, change = do_json(*SCALE, "--replicas", "2")
    assert (code, change["outcome"], change["may_proceed"], change["impact"]) == (0, None, True, "disruptive")
    rules = {each["rule"]: each["level"] for each in change["findings"]}
    assert rules == {
        "stamp-free": "pass",
        "others-serve": "pass",
        "others-healthy": "pass",
        "one-stamp-at-a-time": "pass",
        "headroom": "pass",
        "single-replica": "pass",
    }


def test_it_is_done_once_confirmed_and_audited() -> None:
    found = do(*SCALE, "--replicas", "5", "--write", "--yes")
    assert found.code == 0, found.err
    assert "\ndone: deployment/ratings-web in default scaled from 3 to 5: spec.replicas is 5" in found.out
    assert replicas("orlando") == 5
    (operation,) = audited()
    assert (operation["action"], operation["result"], operation["stamp"]) == ("scale", "done", "orlando")
    assert operation["operation"] == found.out.split()[-1]
    assert stampdeck("audit", "verify").code == 0


def test_without_a_terminal_nothing_is_confirmed_by_itself() -> None:
    found = do(*SCALE, "--replicas", "5", "--write")
    assert found.code == 1
    assert "refused to scale deployment/ratings-web from 3 to 5 on orlando: it was not confirmed" in found.out
    assert replicas("orlando") == 3


def test_a_protected_stamp_wants_its_name() -> None:
    words = ("scale", "deployment/ratings-web", "--stamp", "seattle", "--replicas", "4", "--write", "--yes")
    found = do(*words)
    assert (found.code, replicas("seattle")) == (1, 3)
    assert "this stamp is protected — type its name: seattle" in found.out
    assert do(*words, "--confirm", "seattle").code == 0
    assert replicas("seattle") == 4


def test_a_rule_refuses_and_an_override_is_recorded() -> None:
    stampdeck("lab", "fault", "seattle", "node-notready")
    wait_until(lambda: "5/6" in stampdeck("status").out)
    code, change = do_json(*SCALE, "--replicas", "2")
    assert (code, change["may_proceed"]) == (3, False)
    refused = [each for each in change["findings"] if each["level"] == "refuse"]
    assert {each["rule"] for each in refused} >= {"others-healthy"} and refused[0]["stamp"] == "seattle"

    found = do(*SCALE, "--replicas", "2", "--write", "--yes")
    assert (found.code, replicas("orlando")) == (1, 3)
    assert "refused: refused to scale" in found.out and "others-healthy: seattle: 5 of 6 nodes" in found.out

    rules = dict.fromkeys(each["rule"] for each in refused)
    overrides = [word for rule in rules for word in ("--override", rule)]
    assert do(*SCALE, "--replicas", "2", "--write", "--yes", *overrides).code == 2
    found = do(*SCALE, "--replicas", "2", "--write", "--yes", *overrides, "--reason", "game day")
    assert (found.code, replicas("orlando")) == (0, 2)
    assert "(set aside)" in found.out
    done, refusal = audited()[:2]
    assert (done["result"], done["overrides"], done["reason"]) == ("done", list(rules), "game day")
    assert refusal["result"] == "refused" and "others-healthy" in refusal["why"]


def test_an_unreachable_other_stamp_refuses_a_disruption_but_no_more_replicas() -> None:
    stampdeck("lab", "fault", "seattle", "api-down")
    code, change = do_json(*SCALE, "--replicas", "2")
    assert code == 3
    evidence = {each["rule"]: each["evidence"] for each in change["findings"] if each["level"] == "refuse"}
    assert evidence["others-healthy"].startswith("seattle: its API is DOWN (connection refused")
    assert "seattle could not be read" in evidence["headroom"]
    code, change = do_json(*SCALE, "--replicas", "4", "--write", "--yes")
    assert (code, change["outcome"]["result"]) == (0, "done")


def test_a_missing_right_and_a_missing_object_are_told() -> None:
    found = do("scale", "deployment/nobody", "--replicas", "1", "--stamp", "orlando")
    assert (found.code, found.out) == (1, "")
    assert "not found" in found.err
    found = do("scale", "daemonset/kube-proxy", "-n", "kube-system", "--replicas", "1", "--stamp", "orlando")
    assert found.code == 1 and "it has no replicas" in found.err


@pytest.mark.parametrize(
    "words",
    [
        ("scale", "deployment/ratings-web", "--replicas", "4"),
        ("scale", "deployment/ratings-web", "--replicas", "4", "--stamp", "orlando", "--stamp", "seattle"),
        ("scale", "deployment/ratings-web", "--replicas", "4", "--stamp", "tampa"),
        ("scale", "ratings-web", "--replicas", "4", "--stamp", "orlando"),
        ("scale", "deployment/ratings-web", "--replicas", "many", "--stamp", "orlando"),
        (*SCALE, "--replicas", "4", "--override", "others-serve"),
        ("explode",),
    ],
)
def test_usage_is_refused_before_anything_is_asked(words: tuple[str, ...]) -> None:
    found = do(*words)
    assert (found.code, found.out) == (2, "")


@pytest.mark.terminal
@pytest.mark.parametrize(("answer", "count"), [("\r", 3), ("n\r", 3), ("y\r", 5)])
def test_a_person_is_asked_and_no_is_the_answer_by_default(answer: str, count: int) -> None:
    with PtyTerminal(command("do", *SCALE, "--replicas", "5", "--write")) as terminal:
        terminal.wait_for("Do it on orlando? [y/N]", 30)
        terminal.send(answer)
        assert terminal.wait_exit(30) == (0 if count == 5 else 1)
    assert replicas("orlando") == count


@pytest.mark.terminal
def test_a_signal_while_it_asks_ends_it_and_nothing_was_done() -> None:
    with PtyTerminal(command("do", *SCALE, "--replicas", "5", "--write")) as terminal:
        terminal.wait_for("Do it on orlando? [y/N]", 30)
        terminal.send("\x03")
        assert terminal.wait_exit(30) == 130
    assert replicas("orlando") == 3
