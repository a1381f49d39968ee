"""`stampdeck do` for workloads and objects, on the lab: on one stamp, and staged over two."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from console.commands.lab_process import LabProcess, lab_process
from tests.console.command_line import stampdeck
from tests.console.writing_lab import configure, do

WEB = "deployment/ratings-web"
IMAGE = "ratings.azurecr.io/ratings-web"


@pytest.fixture(scope="module")
def written_lab() -> Iterator[LabProcess]:
    with lab_process("--speed", "4") as running:
        yield running


@pytest.fixture(autouse=True)
def on_written_lab(written_lab: LabProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(written_lab, monkeypatch)


def image(stamp: str) -> str:
    found = json.loads(stampdeck("get", "deploy", "ratings-web", "--stamp", stamp, "-o", "json").out)
    text = json.dumps(found)
    at = text.index(f"{IMAGE}:")
    return text[at : at + 60].partition('"')[0].rpartition(":")[2]


def test_a_bad_image_halts_at_the_first_stamp_and_is_rolled_back() -> None:
    words = ("set-image", WEB, f"ratings-web={IMAGE}:v2-errors", "--stamp", "orlando", "--stamp", "seattle")
    planned = do(*words, "--soak", "60s")
    assert planned.code == 0
    assert f"+        image: {IMAGE}:v2-errors" in planned.out
    assert planned.out.count("set image") >= 2
    assert image("orlando") == image("seattle") == "v1"

    unnamed = do(*words, "--write", "--yes")
    assert unnamed.code == 1 and "give --confirm seattle too" in unnamed.err
    assert image("orlando") == "v1", "nothing is begun that could not be gone on with"

    halted = do(*words, "--soak", "60s", "--write", "--yes", "--confirm", "seattle")
    assert halted.code == 1, halted
    assert "orlando: halted" in halted.out and "the application no longer answers" in halted.out
    assert "seattle: not begun" in halted.out
    assert "orlando soaks until" in halted.err
    assert (image("orlando"), image("seattle")) == ("v2-errors", "v1")

    refused = do("restart", WEB, "--stamp", "seattle", "--write", "--yes")
    assert refused.code == 1 and "others-serve" in refused.out
    back = do("rollback", WEB, "--stamp", "orlando", "--write", "--yes")
    assert back.code == 0, back
    assert back.out.rstrip().splitlines()[-2].startswith(f"done: {WEB} in default rolled out")
    assert image("orlando") == "v1"


def test_an_autoscaler_as_in_the_guide() -> None:
    words = ("autoscale", WEB, "--cpu-percent", "80", "--min", "1", "--max", "10", "--stamp", "orlando")
    made = do(*words, "--write", "--yes")
    assert made.code == 0, made
    found = json.loads(stampdeck("get", "hpa", "ratings-web", "--stamp", "orlando", "-o", "json").out)
    assert '"maxReplicas": 10' in json.dumps(found)
    gone = do("delete", "hpa/ratings-web", "--stamp", "orlando", "--write", "--yes")
    assert gone.code == 0 and "it is gone" in gone.out


def test_labels_are_set_and_mistakes_are_usage() -> None:
    assert do("label", WEB, "tier=front", "--stamp", "orlando", "--write", "--yes").code == 0
    protected = ("label", WEB, "tier=front", "--stamp", "seattle", "--write", "--yes")
    assert "type its name: seattle" in do(*protected).out
    assert do(*protected, "--confirm", "seattle").code == 0
    assert do("label", WEB, "tier-", "--stamp", "orlando", "--write", "--yes").code == 0
    assert do("label", WEB, "tier", "--stamp", "orlando").code == 2
    assert do("set-image", WEB, "web", "--stamp", "orlando").code == 2
    assert do("evict", WEB, "--stamp", "orlando").code == 2
    unknown = do("set-image", WEB, f"wbe={IMAGE}:v2", "--stamp", "orlando")
    assert unknown.code == 1 and "name one of ratings-web" in unknown.err
