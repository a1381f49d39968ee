from __future__ import annotations

import pytest

from backends.model.health import Health, SourceState
from backends.model.table import Column, Row
from screens.glyphs import UNICODE
from screens.lines import as_text, width_of
from screens.places import ContainersPlace, DetailPlace, LogsPlace, Place, ResourcesPlace
from screens.resources.columns import default_sort, table_columns
from screens.resources.drill import drill_place, logs_place, node_place, owner_place
from screens.resources.rows import Counts, favourites, favourites_line, states_line, title_line
from screens.widgets.columns import ColumnLayout
from tests.screens.stage import NOW, pod
from tests.support.fakes import EVENT_COLUMNS, POD_COLUMNS

ROW = pod("orlando", "web-1", "Running", restarts=2)


def test_columns_are_the_servers_with_stamp_and_namespace_in_front() -> None:
    made = table_columns(POD_COLUMNS, "pods", lambda: NOW, with_stamp=True, with_namespace=True)
    assert [column.key for column in made] == ["stamp", "namespace", "name", "ready", "status", "restarts", "age"]
    assert [column.text(ROW) for column in made] == ["orlando", "default", "web-1", "1/1", "Running", "2", "60m"]
    wide = table_columns(POD_COLUMNS, "pods", lambda: NOW, wide=True)
    assert [column.key for column in wide][-2:] == ["ip", "node"]


def test_ages_tick_and_never_light_up() -> None:
    made = {column.key: column for column in table_columns(POD_COLUMNS, "pods", lambda: NOW)}
    assert made["age"].ticking
    assert not made["status"].ticking


def test_missing_values_stay_last_either_way() -> None:
    empty = Row("orlando/e", "orlando", "default", "empty", ("empty", "1/1", "Running", None, "1m"))
    for reverse in (False, True):
        made = {each.key: each for each in table_columns(POD_COLUMNS, "pods", lambda: NOW, reverse=reverse)}
        rows = sorted([empty, ROW], key=made["restarts"].sort_key, reverse=reverse)
        assert rows[-1] is empty


def test_first_sort() -> None:
    assert default_sort("events", EVENT_COLUMNS) == "last seen"
    assert default_sort("pods", POD_COLUMNS) == "name"


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("pods", ContainersPlace("orlando", "default", "web-1")),
        ("namespaces", ResourcesPlace("pods", (), "web-1")),
        ("customresourcedefinitions.apiextensions.k8s.io", ResourcesPlace("web-1")),
        ("deployments.apps", None),
        ("nodes", None),
        ("configmaps", DetailPlace("orlando", "configmaps", "web-1", "default")),
    ],
)
def test_where_enter_leads(kind: str, place: Place | None) -> None:
    assert drill_place(kind, ROW, ()) == place


def test_logs_owner_and_node() -> None:
    assert logs_place("statefulsets.apps", ROW) == LogsPlace(("orlando",), "default", "statefulset/web-1")
    assert logs_place("configmaps", ROW) is None
    assert owner_place(ROW) == DetailPlace("orlando", "replicaset", "web", "default")
    node = node_place(POD_COLUMNS, ROW)
    assert node is not None
    assert node.field_selector == "metadata.name=node-of-orlando"


def test_the_title_says_what_of_whom_and_how_much() -> None:
    place = ResourcesPlace("pods", ("orlando",), "default", "app=web")
    said = as_text([title_line(place, "pods", "crash", Counts(3, 10, 2), 100, UNICODE)])
    for words in ("pods", "orlando", "default", "-l app=web", "/crash", "3 of 10", "2 marked"):
        assert words in said


def test_states_have_words_ages_and_the_first_reason() -> None:
    states = {
        "orlando": SourceState(Health.LIVE, as_of=NOW),
        "seattle": SourceState(Health.DOWN, "refused", as_of=NOW - 41),
    }
    made = states_line(("orlando", "seattle", "third"), states, NOW, 100, UNICODE)
    said = as_text([made])
    assert "● orlando LIVE" in said
    assert "✗ seattle DOWN 41s" in said
    assert "↻ third RETRYING" in said
    assert "refused" in said
    assert width_of(states_line(("orlando", "seattle"), states, NOW, 30, UNICODE)) <= 30


def test_favourite_namespaces() -> None:
    names = favourites(["a", "b", "default", "kube-system"])
    assert names == ["default", "a", "b", "kube-system"]
    assert as_text([favourites_line(names, "a", 40)]) == "0 all  1 default  2 a  3 b"
    assert favourites(["a", "default", "kube-node-lease", "kube-public", "kube-system", "z"]) == [
        "default",
        "a",
        "kube-system",
        "z",
        "kube-node-lease",
        "kube-public",
    ]
    assert favourites_line(names, "a", 10) == ()


def test_titles_of_custom_resources_are_not_obeyed() -> None:
    (made,) = table_columns((Column("Phase\x1b[2J\u202e"),), "widgets", lambda: NOW)
    assert made.title == "PHASE␛[2J<U+202E>"


def test_long_cells_of_services_give_way_so_that_the_age_is_seen() -> None:
    titles = ("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age")
    cells = ("n" * 40, "LoadBalancer", "10.0.125.232", "20.40.96.10", "80:31080/TCP,443:30667/TCP,8443:30668/TCP", "9d")
    row = Row("o/1", "orlando", "default", "n" * 40, cells)
    columns = tuple(Column(title) for title in titles)
    layout = ColumnLayout(table_columns(columns, "services", lambda: NOW, with_stamp=True, with_namespace=True))
    layout.measure(layout.texts(row))
    layout.set_available(117)
    assert layout.total_width <= 117
    layout.set_available(300)
    assert layout.total_width > 117
