from __future__ import annotations

from pathlib import Path

import pytest

from backends.model.checks import Check, Outcome
from backends.model.stamp import ApplicationAccess, ClusterAccess, Stamp
from backends.operations.examination import NEEDED
from screens.doctor.leads import by_hand, table_of
from screens.doctor.lines import check_lines, whole_lines
from screens.glyphs import UNICODE
from screens.lines import as_text, width_of
from screens.places import ResourcesPlace

ORLANDO = Stamp(
    "orlando",
    ClusterAccess(Path("/etc/my kube"), "orlando-admin"),
    application=ApplicationAccess("https://10.0.0.1/", "ratings.example.com", Path("/etc/ca.pem")),
)


def check(source: str, what: str = "fine", why: str = "", todo: str = "") -> Check:
    return Check("orlando", source, Outcome.FAIL if why else Outcome.OK, what, why, todo)


@pytest.mark.parametrize("kind", [kind for kind, _ in NEEDED])
def test_a_check_of_a_kind_leads_to_its_table_on_its_stamp(kind: str) -> None:
    assert table_of(check(kind)) == ResourcesPlace(kind, ("orlando",))


@pytest.mark.parametrize(
    ("source", "kind"), [("logs", "pods"), ("metrics", "nodes"), ("tables", "nodes"), ("application", "pods")]
)
def test_other_sources_lead_to_what_they_are_about(source: str, kind: str) -> None:
    assert table_of(check(source)) == ResourcesPlace(kind, ("orlando",))


@pytest.mark.parametrize("source", ["api", "credentials", "certificate", "permissions", "clock"])
def test_the_way_in_has_no_table(source: str) -> None:
    assert table_of(check(source)) is None


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ("api", "kubectl --kubeconfig '/etc/my kube' --context orlando-admin version"),
        ("credentials", "kubectl --kubeconfig '/etc/my kube' --context orlando-admin auth can-i --list"),
        (
            "deployments.apps",
            "kubectl --kubeconfig '/etc/my kube' --context orlando-admin"
            " auth can-i list deployments.apps --all-namespaces",
        ),
        ("application", "curl -sv --cacert /etc/ca.pem -H 'Host: ratings.example.com' https://10.0.0.1/"),
        ("doctor", ""),
    ],
)
def test_the_same_can_be_asked_by_hand(source: str, command: str) -> None:
    assert by_hand(check(source), ORLANDO) == command


def test_a_long_source_pushes_nothing() -> None:
    checks = [
        check("api", what="here"),
        check("certificaterevocationlistdistributionpoints.example.com", what="here"),
        check("horizontalpodautoscalers.autoscaling", what="here"),
    ]
    said = [as_text([each]) for each in check_lines(checks, ("orlando",), 100, UNICODE)]
    columns = {text.index("here") for text in said if "here" in text}
    assert len(columns) == 1
    assert any("horizontalpodautoscalers " in text for text in said)


def test_the_whole_of_a_check_is_never_cut() -> None:
    why = " ".join(f"word{number}" for number in range(200))
    lines = whole_lines(check("api", "does not answer", why, "start it"), "kubectl x", 40, UNICODE)
    assert all(width_of(each) <= 40 for each in lines)
    said = " ".join(as_text(lines).split())
    assert why in said
    assert said.endswith("do start it by hand kubectl x")
