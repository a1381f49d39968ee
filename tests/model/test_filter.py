"""The filter language: every kind of term, errors with their place, and that no text breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import UsageError
from backends.model.filter import FilterError, parse_filter
from backends.model.table import CellValue, Row
from tests.support.fakes import a_row, columns

NOW = 1_800_000_000.0
COLUMNS = columns("Name", "Ready", "Status", "Restarts", "Age", "IP+", "Node+", "Up-to-date", "CPU", "Memory", "CPU%")


def row(
    *,
    name: str = "web-0",
    ready: str = "1/1",
    status: str = "Running",
    restarts: CellValue = 0,
    ip: str = "10.244.0.7",
    node: str = "node-1",
    cpu: str = "250m",
    memory: str = "300Mi",
    share: str = "45%",
    namespace: str = "default",
    labels: dict[str, str] | None = None,
) -> Row:
    """A pod two hours old."""
    cells = (ready, status, restarts, "5d", ip, node, 2, cpu, memory, share)
    return a_row("orlando", name, *cells, namespace=namespace, created_at=NOW - 7200, labels=labels)


def shows(text: str, **cells: object) -> bool:
    return parse_filter(text, COLUMNS).matches(row(**cells), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("", {}, True),
        ("web", {}, True),
        ("WEB", {}, False),
        ("web", {"name": "WEB-0"}, True),
        ("api", {}, False),
        ("^web", {}, True),
        ("^eb", {}, False),
        ("^Running$", {}, True),
        ("run+ing", {}, True),
        ("Run+ing", {}, True),
        ("RUN+ing", {}, False),
        (r"\S+-0", {}, True),
        ("5d", {}, False),
        ("orlando", {}, True),
        ("default", {}, True),
        ("!web", {}, False),
        ("!api", {}, True),
        ("!Running", {"status": "Error"}, True),
        ("web running", {}, True),
        ("web !running", {}, False),
        ('"1/1 "', {}, False),
        ("'web-0'", {}, True),
        ('"status:x"', {}, False),
        ("status:^run", {}, True),
        ("status:^Crash", {"status": "CrashLoopBackOff"}, True),
        ("!status:run", {}, False),
        ("stamp:orlando", {}, True),
        ("stamp:seattle", {}, False),
        ("ns=default", {}, True),
        ("namespace:kube", {"namespace": "kube-system"}, True),
        ("uptodate>=2", {}, True),
        ("up-to-date<2", {}, False),
        ("status=Running", {}, True),
        ("status==running", {}, True),
        ("status!=Running", {}, False),
        ("ready=1/1", {}, True),
        ("ready<2", {"ready": "1/2"}, True),
        ("ready<1", {"ready": "1/2"}, False),
        ("restarts>=3", {"restarts": 3}, True),
        ("restarts>=3", {"restarts": "3 (5m ago)"}, True),
        ("restarts>=3", {"restarts": "2 (5m ago)"}, False),
        ("restarts=0", {"restarts": "0"}, True),
        ("cpu>200m", {}, True),
        ("cpu>0.3", {}, False),
        ("cpu>0", {"cpu": ""}, False),
        ("mem>=300Mi", {}, True),
        ("memory<1Gi", {}, True),
        ("cpu%>40", {}, True),
        ("cpu%>50%", {}, False),
        ("age<3h", {}, True),
        ("age<2h", {}, False),
        ("age>=1h30m", {}, True),
        ("-l app=web", {"labels": {"app": "web"}}, True),
        ("-l app=web", {"labels": {"app": "api"}}, False),
        ("-l app=web", {}, False),
        ("-l app!=web", {}, True),
        ("-l app in (web, api),tier notin (db)", {"labels": {"app": "api"}}, True),
        ("-l app,!tier", {"labels": {"app": "api"}}, True),
        ("-l 'app in (web,api)' run", {"labels": {"app": "api"}}, True),
        ("-l app=web api", {"labels": {"app": "web"}}, False),
        ('node="node-1"', {}, True),
        ('status:"Crash Loop"', {"status": "Crash Loop"}, True),
        ("ip=10.244.0.7", {}, True),
    ],
)
def test_terms(text: str, cells: dict[str, object], expected: bool) -> None:
    assert shows(text, **cells) is expected


@pytest.mark.parametrize(
    ("text", "what", "position", "todo"),
    [
        ("statsu:x", "no column 'statsu'", 0, "did you mean status?"),
        ("web restrats>3", "no column 'restrats'", 4, "did you mean restarts?"),
        ("nginx:1.19", "no column 'nginx'", 0, "quote the term"),
        ("web (", "not a regular expression", 4, "backslash"),
        ("status:(", "not a regular expression", 7, "backslash"),
        ("cpu>lots", "cannot compare cpu with 'lots'", 4, "500m"),
        ("age<5", "cannot compare age with '5'", 4, "2h"),
        ('"web', "a quote is not closed", 0, ""),
        ("!", "a term is missing", 1, ""),
        ("-l ", "-l: a label is missing here", 3, "app=web"),
        ("-l app=web,", "-l: a label is missing here", 11, "app=web"),
        ("-l app=(x", "-l: cannot understand '(x'", 7, "app=web"),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, what: str, position: int, todo: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_filter(text, COLUMNS)
    assert isinstance(caught.value, FilterError)
    assert what in caught.value.what
    assert caught.value.position == position
    assert todo in caught.value.todo


def test_the_label_part_can_be_asked_of_the_server() -> None:
    found = parse_filter("web -l app=web -l 'tier in (a,b)'", COLUMNS).label_selector
    assert found is not None
    assert found.text == "app=web,tier in (a,b)"
    assert parse_filter("web", COLUMNS).label_selector is None


def test_rows_with_fewer_cells_than_columns_are_no_trouble() -> None:
    short = a_row("orlando", "web-0", "1/1")
    for text in ("web", "status:x", "cpu>1", "status!=x", "^web", "!zzz"):
        parse_filter(text, COLUMNS).matches(short, NOW)
    assert parse_filter("web", COLUMNS).matches(short, NOW)


@given(st.text(alphabet=st.sampled_from("ab:=<>!\"'()-l ,cpuage0519.[*\\"), max_size=20))
def test_any_text_is_a_filter_or_a_mistake_with_a_place_in_it(text: str) -> None:
    try:
        found = parse_filter(text, COLUMNS)
    except FilterError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert found.matches(row(), NOW) in (True, False)


@given(st.text(max_size=20))
def test_a_quoted_term_is_searched_or_refused_as_a_regular_expression_only(text: str) -> None:
    try:
        parse_filter(f'"{text}"', COLUMNS)
    except FilterError as error:
        assert '"' in text or "regular expression" in error.what


@pytest.mark.parametrize(
    ("text", "found"), [("[[", False), ("a{99999999999999}", False), ("(" * 5000, False), ("[[a]", True)]
)
def test_no_expression_is_a_crash_or_a_warning(text: str, found: bool) -> None:
    if found:
        assert parse_filter(text, COLUMNS).tests
    else:
        with pytest.raises(FilterError, match="not a regular expression"):
            parse_filter(text, COLUMNS)
