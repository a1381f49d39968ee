from __future__ import annotations

import pytest

from screens.command_line import Command, complete, parse_command
from screens.places import DoctorPlace, FaultsPlace, FleetPlace, ResourcesPlace
from screens.vocabulary import Vocabulary
from tests.screens.stage import SERVED

WORDS = Vocabulary(
    stamps=("orlando", "seattle"), kinds=SERVED, namespaces=("default", "kube-system"), themes=("dark", "light")
)
HERE = ResourcesPlace("pods", ("orlando",), "default")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("po", ResourcesPlace("pods")),
        ("deploy", ResourcesPlace("deployments.apps")),
        ("dp", ResourcesPlace("deployments.apps")),
        ("po kube-system", ResourcesPlace("pods", namespace="kube-system")),
        ("po all", ResourcesPlace("pods")),
        ("po /web api", ResourcesPlace("pods", filter="web api")),
        ("po app=web", ResourcesPlace("pods", selector="app=web")),
        ("po -l app=web,tier!=x", ResourcesPlace("pods", selector="app=web,tier!=x")),
        ("po 'app in (a,b)'", ResourcesPlace("pods", selector="app in (a,b)")),
        ("po @seattle default", ResourcesPlace("pods", ("seattle",), "default")),
        ("po @all", ResourcesPlace("pods")),
        ("fleet", FleetPlace()),
        ("doctor", DoctorPlace()),
        ("all", ResourcesPlace("pods", (), "default")),
        ("@seattle", ResourcesPlace("pods", ("seattle",), "default")),
        ("ns kube-system", ResourcesPlace("pods", ("orlando",), "kube-system")),
        ("ns", ResourcesPlace("namespaces")),
    ],
)
def test_commands_lead_to_places(text: str, place: object) -> None:
    assert parse_command(text, WORDS, HERE) == Command("visit", place)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["q", "quit", "q!", "qa", "exit"])
def test_quit_words(text: str) -> None:
    assert parse_command(text, WORDS, HERE).verb == "quit"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pdos", "no stamp serves a kind named pdos; did you mean pods?"),
        ("po @nowhere", "no stamp named nowhere; there are orlando, seattle"),
        ("@nowhere", "no stamp named nowhere; there are orlando, seattle"),
        ("po 'a", "a quote is not closed"),
        ("po one two", "not understood: two"),
        ("faults", "no stamp serves a kind named faults"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    assert parse_command(text, WORDS, HERE) == Command("problem", text=problem)


def test_faults_exist_in_a_demo_only() -> None:
    demo = Vocabulary(kinds=SERVED, faults=True)
    assert parse_command("faults", demo, HERE) == Command("visit", FaultsPlace())


def test_kinds_are_believed_before_any_stamp_has_answered() -> None:
    assert parse_command("widgets", Vocabulary(), HERE) == Command("visit", ResourcesPlace("widgets"))


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("p", "pods"),
        ("dep", "deployments"),
        ("nod", "nodes"),
        ("po @s", "po @seattle"),
        ("po k", "po kube-system"),
        ("theme l", "theme light"),
        ("fle", "fleet"),
        ("zzz", None),
        ("po ", None),
        ("", None),
    ],
)
def test_completion(text: str, whole: str | None) -> None:
    assert complete(text, WORDS) == whole
