"""What is made of a runner's answers, good and bad."""

from __future__ import annotations

import pytest

from backends.errors import Malformed
from backends.helper_vm.job_answers import read_foreign, read_list, read_status
from backends.model.job import CancelRequest, ForeignProcess, JobState, Signal

LINE = (
    b'{"number":"r1","state":"running","status":null,"pid":7,"started_at":10,"ended_at":null,"size":3,"dropped":0,'
    b'"cancels":["12 INT anne of east","damaged"],"why":"","holder":"","now":15}'
)


def test_a_whole_answer() -> None:
    status = read_status(b"noise before\n" + LINE + b'\t{"who": "anne"}\n', "east")
    assert (status.number, status.state, status.started_at, status.now) == ("r1", JobState.RUNNING, 10.0, 15.0)
    assert status.meta == {"who": "anne"}
    assert status.cancels == (CancelRequest(Signal.INT, "anne of east", 12.0), CancelRequest(Signal.INT, "", 0.0))
    assert status.cancelled


@pytest.mark.parametrize("meta", [b"", b"\t", b"\t[1]", b"\t{cut", b"\t\xff\xfe", b'\t"text"'])
def test_meta_data_that_are_not_ours_do_not_hide_the_job(meta: bytes) -> None:
    assert read_status(LINE + meta + b"\n", "east").meta == {}


@pytest.mark.parametrize(
    "output",
    [
        b"", b"sh: not found\n", LINE[:-20], LINE.replace(b'"running"', b'"dancing"'),
        LINE.replace(b'"size":3', b'"size":""'), LINE.replace(b'"now":15', b'"now":NaN'), b"{}", b"{\x1b]0;title\x07",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told_with_what_was_read(output: bytes) -> None:
    with pytest.raises(Malformed) as raised:
        read_status(output, "east")
    assert str(raised.value).startswith("east: cannot read what the helper VM says of a job")
    assert "\x1b" not in str(raised.value)


def test_a_list_keeps_the_good_ones_and_names_the_damaged() -> None:
    damaged = LINE.replace(b'"r1"', b'"r2"').replace(b'"pid":7', b'"pid":x')
    found = read_list(b"\n".join((LINE, damaged, b"noise", LINE.replace(b"r1", b"r3"))), "east")
    assert [(each.number, each.state) for each in found] == [
        ("r1", JobState.RUNNING), ("r2", JobState.LOST), ("r3", JobState.RUNNING),
    ]  # fmt: skip
    assert "damaged" in found[1].why


def test_processes_started_by_hand() -> None:
    line = b'{"pid":9,"user":"bob","started_at":5,"api_model":"/m/\xff.json","command":"aks-engine upgrade"}'
    assert read_foreign(line, "east") == (ForeignProcess(9, "bob", "aks-engine upgrade", "/m/\ufffd.json", 5.0),)
    assert read_foreign(b"", "east") == ()
    with pytest.raises(Malformed):
        read_foreign(line[:-3], "east")
