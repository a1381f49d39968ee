"""What is copied reaches the clipboard through multiplexers, and is never a trap or a secret."""

from __future__ import annotations

import base64
import re
from types import SimpleNamespace
from typing import Any

import pytest

from screens.clipboard import LARGEST_SEQUENCE, ClipboardMixin, copy_sequence, copyable
from tests.support.hostile import HARMFUL, PAYLOADS


def payload(sequence: str) -> str:
    found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", sequence)
    assert found is not None
    return base64.b64decode(found[1]).decode()


def test_a_bare_terminal_gets_the_text() -> None:
    assert payload(copy_sequence("héllo\nworld")) == "héllo\nworld"


def test_tmux_gets_it_bare_and_wrapped() -> None:
    sequence = copy_sequence("hello", "tmux")
    bare, _, wrapped = sequence.partition("\x1bPtmux;")
    assert payload(bare) == "hello"
    assert payload(wrapped.removesuffix("\x1b\\").replace("\x1b\x1b", "\x1b")) == "hello"


def test_screen_gets_it_in_pieces() -> None:
    sequence = copy_sequence("x" * 500, "screen")
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", sequence, re.DOTALL)
    assert payload("".join(pieces)) == "x" * 500
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == sequence
    assert max(map(len, pieces)) <= 76


def test_too_much_is_refused_with_both_sizes() -> None:
    with pytest.raises(ValueError, match="80,000 bytes are more than the 75,000"):
        copy_sequence("x" * 80_000)
    assert len(copy_sequence("x" * (LARGEST_SEQUENCE * 3 // 4)))


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_nothing_that_acts_when_pasted_is_copied(text: str) -> None:
    assert not HARMFUL.search(copyable(text))


def test_secrets_are_masked_and_lines_kept() -> None:
    assert copyable("one\npassword: hunter2hunter2\nthree") == "one\npassword: «redacted»\nthree"


def test_the_app_writes_the_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    written: list[str] = []
    app: Any = ClipboardMixin()
    app._driver = SimpleNamespace(write=written.append)
    app.copy_to_clipboard("evil\x1b[2J token=abcdefgh")
    assert [payload(text) for text in written] == ["evil token=«redacted»"]
    assert app.clipboard == "evil token=«redacted»"
