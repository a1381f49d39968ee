"""How the bytes come makes no difference."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.aks_engine.log import EngineLog
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import EngineProgress
from tests.aks_engine.log.samples import sample
from tests.support.hostile import PAYLOADS

_TOLD = (
    "61-upgrade-3m-3a-notty",
    "66-upgrade-missing-base-image",
    "70-upgrade-agent-arm-failure",
    "40-upgrade-unreachable-arm",
    "73-scale-up-apiserver",
    "92-rotate-certs-ok",
)
_PIECES = st.sampled_from(
    [
        b"\n", b"\r", b"\r\n", b"Usage:\n", b"Error: x\n", b"panic: y\n", b"  -h, --help\n", b"-" * 80 + b"\n",
        b"Error: GET https://a/b\n", b"INFO[0004] Starting ARM Deployment k8s-upgrade-master-0-26-11-23T08.07.53-1 in "
        b"resource group g. This will take some time...\n", b'time="2026-11-23T08:07:49Z" level=info msg="',
        b'Master node: k8s-master-10127131-0 not ready yet..."\n', b'Upgrading Master VM: k8s-master-10127131-0"\n',
        b"NODE  STATUS  VERSION\n", b"n-0  Ready  v1\n", b"\xff\xfe", "é\u202e".encode(),
        b"-----BEGIN PRIVATE KEY-----\n", b"-----END PRIVATE KEY-----\n", b"\x1b[36mINFO\x1b[0m[0001] ",
        b"{\n", b"main.main\n", b"\t/x.go:1\n",
        b"client-secret=abcdefgh\n",
        *(each.encode(errors="surrogatepass") for each in PAYLOADS.values()),
    ]
)  # fmt: skip


def _read(word: str, pieces: list[bytes]) -> tuple[list[EngineLine], EngineProgress]:
    log = EngineLog(word, ("S3cret-Value",))
    lines = [line for piece in pieces for line in log.feed(piece)]
    lines += log.close()
    return lines, log.progress


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    starts = [0, *ends]
    return [data[start:end] for start, end in zip(starts, ends, strict=False)]


@functools.cache
def _whole(name: str) -> tuple[list[EngineLine], EngineProgress]:
    taken = sample(name)
    return _read(taken.word, [taken.data])


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(_TOLD), st.lists(st.integers(0, 30_000), max_size=40))
def test_a_real_log_cut_anywhere(name: str, places: list[int]) -> None:
    taken = sample(name)
    assert _read(taken.word, _cut(taken.data, places)) == _whole(name)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=40), st.lists(st.integers(0, 4_000), max_size=30))
def test_anything_at_all_cut_anywhere(pieces: list[bytes], places: list[int]) -> None:
    data = b"".join(pieces)
    assert _read("upgrade", _cut(data, places)) == _read("upgrade", [data])


@pytest.mark.parametrize("name", _TOLD)
def test_byte_by_byte(name: str) -> None:
    taken = sample(name)
    assert _read(taken.word, [taken.data[i : i + 1] for i in range(len(taken.data))]) == _whole(name)


@pytest.mark.parametrize("name", _TOLD)
def test_a_mirror_read_again_gives_the_same_at_every_line(name: str) -> None:
    """A console that starts in the middle of a run reads the mirror first."""
    taken = sample(name)
    followed = EngineLog(taken.word)
    for count, line in enumerate(taken.lines, 1):
        followed.feed(f"{line}\n".encode(), at=1_000.0 * count)
        if count % 9 == 0 or count == len(taken.lines):
            again = EngineLog(taken.word)
            again.feed("".join(f"{each}\n" for each in taken.lines[:count]).encode(), at=5.0)
            assert again.progress == followed.progress


def test_what_is_asked_in_between_changes_nothing() -> None:
    taken = sample(_TOLD[0])
    asked = EngineLog(taken.word)
    for line in taken.lines:
        asked.feed(f"{line}\n".encode())
        assert asked.progress is asked.progress
    assert asked.progress == _whole(_TOLD[0])[1]
