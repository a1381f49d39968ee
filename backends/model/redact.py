"""Secrets taken out of text on its way to a screen, clipboard, export or journal.

Works on complete lines, so that no chunk border can split a secret (see `inert.Lines`).
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import urllib.parse
from collections.abc import Iterable, Sequence

MASK = "«redacted»"
SHORTEST_SECRET = 6
"""Shorter values are refused: blanking them would blank innocent text and so give them away."""

_NAMES = (
    r"client[_-]?secret|(?:client|user|admin|sp)?[_-]?password|passwd|pwd|secret|"
    r"(?:access|refresh|id|auth|bearer|sas)?[_-]?token|"
    r"account[_-]?key|shared[_-]?(?:access[_-]?)?key|api[_-]?key|private[_-]?key|client-key-data|"
    r"(?:client|ca|apiServer|kubeConfig)PrivateKey|etcd\w{0,40}PrivateKeys?"
)
_QUOTED = r"\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\+\"[^\"]*+\""
_RULES = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"(?P<keep>--(?:{_NAMES}|sas)(?:[ =]|', '|\", \"))(?P<secret>{_QUOTED}|[^\s'\"]+)",
        rf"(?P<keep>(?<![\w/])(?:\\*[\"'])?(?:{_NAMES})(?:\\*[\"'])?\s?[:=]\s?)(?P<secret>{_QUOTED}|[^\s,;}}&\"']+)",
        r"(?P<keep>\b(?:Bearer|Basic)\s+)(?P<secret>[A-Za-z0-9._~+/=-]{12,})",
        r"(?P<keep>)(?P<secret>\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",
        r"(?P<keep>[?&](?:sig|token|code|access_token)=)(?P<secret>[^&\s\"']+)",
        r"(?P<keep>://[^/\s:@]{0,256}:)(?P<secret>[^@\s/]{1,512})(?=@)",
    )
)
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_SECRET_FLAG = re.compile(rf"--?(?:{_NAMES}|sas)", re.IGNORECASE)
_MAY_HOLD_SECRET = re.compile(r"[:=]|--|eyJ|\b(?:bearer|basic)\b", re.IGNORECASE)


def spellings(secret: str) -> frozenset[str]:
    """Return how a secret may appear in text: raw, in URLs, JSON, shell words, Python, and base64 at any offset."""
    data = secret.encode()
    forms = {
        secret,
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        shlex.quote(secret),
        repr(secret)[1:-1],
        data.hex(),
    }
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.add(encode(data).decode())
        for offset in range(3):
            forms.add(_inner_base64(data, offset, encode(b"\0" * offset + data).decode()))
    return frozenset(form for form in forms if len(form) >= SHORTEST_SECRET)


def _inner_base64(data: bytes, offset: int, encoded: str) -> str:
    """Return the characters of `encoded` that depend on `data` alone, whatever stands before and after it."""
    first = (0, 2, 3)[offset]
    whole_bits = (offset + len(data)) * 8
    return encoded[first : whole_bits // 6]


class Redactor:
    """Masks known secrets in every spelling, and whatever looks like a secret by its name or shape.

    Keeps state between lines (a private key in PEM spans many), so use one per stream.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Raises ValueError for a secret shorter than `SHORTEST_SECRET`."""
        forms: set[str] = set()
        for secret in secrets:
            if len(secret) < SHORTEST_SECRET:
                raise ValueError(f"a secret of fewer than {SHORTEST_SECRET} characters cannot be masked reliably")
            forms |= spellings(secret)
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self._in_key = False

    @property
    def is_in_key(self) -> bool:
        """Whether a private key has begun whose end has not come."""
        return self._in_key

    def line(self, text: str) -> str:
        """Return the line with its secrets masked."""
        if self._in_key:
            end = _PEM_END.search(text)
            if end is None:
                return MASK
            self._in_key = False
            text = MASK + text[end.end() :]
        if self._known is not None:
            text = self._known.sub(MASK, text)
        if "PRIVATE KEY-----" in text:
            text = self._mask_keys(text)
        if _MAY_HOLD_SECRET.search(text):
            for rule in _RULES:
                text = rule.sub(_mask, text)
        return text

    def text(self, text: str) -> str:
        """Return a text of several lines with its secrets masked."""
        return "\n".join(map(self.line, text.split("\n")))

    def argv(self, arguments: Sequence[str]) -> list[str]:
        """Return a command line whose secret values are masked, also where flag and value are two arguments."""
        masked: list[str] = []
        hide_next = False
        for argument in arguments:
            masked.append(MASK if hide_next else self.line(argument))
            hide_next = not hide_next and _SECRET_FLAG.fullmatch(argument) is not None
        return masked

    def _mask_keys(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        while begin := _PEM_BEGIN.search(text, at):
            parts += (text[at : begin.start()], MASK)
            end = _PEM_END.search(text, begin.end())
            if end is None:
                self._in_key = True
                return "".join(parts)
            at = end.end()
        return "".join((*parts, text[at:]))


def _mask(found: re.Match[str]) -> str:
    return f"{found['keep']}{MASK}"
