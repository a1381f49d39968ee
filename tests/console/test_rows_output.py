"""Rows of foreign objects as text: whatever they are called, no terminal obeys it and every encoding takes it."""

from __future__ import annotations

import io
import sys

import pytest

from backends.model.table import Column, Row
from console.commands.drawing import emit
from console.commands.rows_output import AlignedLines, RowsPrinter

ESCAPE = "\x1b]0;owned\x07"
PRINTER = RowsPrinter((Column("Name"), Column(f"Phase{ESCAPE}")), "widget", with_stamp=True, with_namespace=False)
ROW = Row("orlando/1", "orlando", "", "one", ("one", f"=cmd(){ESCAPE}"))


def test_titles_and_cells_are_not_obeyed_in_any_form() -> None:
    lines = [*PRINTER.as_table([ROW], 0.0), *PRINTER.as_csv([ROW], 0.0), *PRINTER.as_names([ROW])]
    lines.append(AlignedLines(PRINTER, [ROW], 0.0).line(ROW, 0.0))
    assert all(line.isprintable() for line in lines)
    assert lines[0].startswith("STAMP     NAME   PHASE␛]0;OWNED␇")


def test_what_a_spreadsheet_would_calculate_is_text() -> None:
    assert PRINTER.as_csv([ROW], 0.0)[1].startswith("orlando,one,'=cmd()")


def test_an_encoding_that_lacks_a_character_gets_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    bytes_written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_written, encoding="latin-1"))
    emit("café", "naïve … 日")
    assert bytes_written.getvalue() == "café\nnaïve \\u2026 \\u65e5\n".encode("latin-1")
