"""Secrets must not reach a screen in any spelling; innocent text must stay as it is."""

from __future__ import annotations

import base64
import json
import shlex
import time
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model.redact import MASK, Redactor

SECRET = "p~8Q+a/b'c\"d$e&f=gh"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"--client-secret {SECRET}", SECRET),
        (f"--client-secret={shlex.quote(SECRET)}", "f=gh"),
        (json.dumps({"clientId": "x", "secret": SECRET}), "f=gh"),
        (json.dumps(json.dumps({"clientId": "x", "secret": SECRET})), "f=gh"),
        (f"x {urllib.parse.quote_plus(SECRET)} y", "f%3Dgh"),
        (b64("user:" + SECRET), b64("user:" + SECRET)),
        (b64(SECRET), b64(SECRET)),
        (b64("ab" + SECRET + "zz"), b64("ab" + SECRET + "zz")[4:-4]),
        (repr(["--client-secret", SECRET]), "f=gh"),
        ("secret: hunter2hunter2", "hunter2"),
        ('{"password": "a\\"b;c"}', "b;c"),
        ("password='with spaces in it' next", "spaces"),
        ("--password 'two words' x", "words"),
        ("Authorization: Bearer abcdefghijklmnop.qrs", "qrs"),
        ("authorization: basic dXNlcjpwYXNzd29yZA==", "dXNlcjpw"),
        ("https://h/c?sv=2020&sig=abc%2Fdef", "def"),
        ("postgres://u:pa55word@h/db", "pa55word"),
        ("client-key-data: LS0tLS1CRUdJTiBSU0E=", "LS0tLS1"),
        ("AccountName=a;AccountKey=abc123==;Endpoint=x", "abc123"),
        ("tok eyJhbGciOi123.eyJzdWIiOi456.sig-n_x end", "456.sig"),
    ],
)
def test_a_secret_is_masked(text: str, hidden: str) -> None:
    masked = Redactor([SECRET]).line(text)
    assert hidden in text
    assert hidden not in masked
    assert MASK in masked


@pytest.mark.parametrize(
    "text",
    [
        "INFO[0012] Upgrading master node 1 of 3",
        "the token bucket is full",
        "secret/kube-system-token created",
        'time="2026-11-23T08:00:00Z" level=info msg="Node k8s-master-0 is ready"',
        "GET http://10.0.0.1:8080/items/42 200",
        "basic auth is off, bearer of news",
        "--- a/file",
    ],
)
def test_innocent_text_is_kept(text: str) -> None:
    assert Redactor([SECRET]).line(text) == text


def test_a_private_key_over_many_lines_is_masked() -> None:
    redactor = Redactor()
    key = ["x -----BEGIN RSA PRIVATE KEY-----", "MIIEow", "abc", "-----END RSA PRIVATE KEY----- after", "free again"]
    assert [redactor.line(text) for text in key] == [f"x {MASK}", MASK, MASK, f"{MASK} after", "free again"]


def test_keys_on_one_line_are_masked_each() -> None:
    key = "-----BEGIN PRIVATE KEY-----abc-----END PRIVATE KEY-----"
    assert Redactor().line(f"a {key} b {key} c") == f"a {MASK} b {MASK} c"


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=6, max_size=30),
    st.text(max_size=5),
    st.text(max_size=5),
)
def test_a_known_secret_is_found_inside_base64(secret: str, before: str, after: str) -> None:
    data = (before + secret + after).encode(errors="replace")
    start = len(before.encode(errors="replace"))
    encoded = base64.b64encode(data).decode()
    first, last = -(-start * 8 // 6), (start + len(secret.encode())) * 8 // 6
    assert encoded[first:last] not in Redactor([secret]).line(encoded)


def test_a_command_line_is_masked() -> None:
    argv = ["aks-engine", "upgrade", "--client-secret", SECRET, "--password=abcdef", "-g", "rg"]
    assert Redactor().argv(argv) == ["aks-engine", "upgrade", "--client-secret", MASK, f"--password={MASK}", "-g", "rg"]


def test_a_secret_too_short_to_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 6"):
        Redactor(["abc"])


@pytest.mark.parametrize(
    "unit", ['secret="', "://a:", "--password ", "Bearer aaaaaaaaaaaa ", "eyJaaaaaaaaa.", "token='", '\\"']
)
def test_time_is_linear(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    started = time.perf_counter()
    Redactor([SECRET]).line(text)
    assert time.perf_counter() - started < 2.0
