from __future__ import annotations

import csv

from backends.model.table import Row
from screens.resources.csv_lines import csv_lines
from screens.widgets.columns import TableColumn


def column(title: str, index: int) -> TableColumn:
    return TableColumn(title, title, lambda row: str(row.cells[index]), lambda row: "")


def test_what_cells_hold_is_read_back_and_neither_obeyed_nor_calculated() -> None:
    cells = [('a "b", c', "=1+1"), ("two\nlines", "\x1b[2J"), ("-5", "-x"), ("@SUM(1)", "+1.5e3")]
    rows = [Row(str(n), "orlando", "", "", values) for n, values in enumerate(cells)]
    lines = list(csv_lines([column("A", 0), column("B", 1)], rows))
    assert len(lines) == 5
    read = list(csv.reader(lines))
    assert read[0] == ["A", "B"]
    assert read[1] == ['a "b", c', "'=1+1"]
    assert "\x1b" not in lines[2]
    assert read[3:] == [["-5", "'-x"], ["'@SUM(1)", "+1.5e3"]]
