"""Text an attacker would put into names and log lines, and what must not be found in what a terminal receives."""

from __future__ import annotations

import re

PAYLOADS: dict[str, str] = {
    "title": "\x1b]0;PWNED\x07",
    "title 8-bit": "\x9d0;PWNED\x9c",
    "clipboard": "\x1b]52;c;UFdORUQ=\x07",
    "clipboard st": "\x1b]52;c;UFdORUQ=\x1b\\",
    "link": "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "cursor": "\x1b[1;1HPWNED",
    "clear": "\x1b[2J",
    "printer": "\x1b[5i",
    "colour": "\x1b[31mred",
    "device control": "\x1bP1$r0m\x1b\\",
    "application command": "\x1b_PWNED\x1b\\",
    "privacy message": "\x1b^PWNED\x1b\\",
    "report": "\x1b[6n",
    "reset": "\x1bc",
    "csi 8-bit": "\x9b31mred",
    "alternate screen": "\x1b[?1049l",
    "unterminated": "\x1b]0;rest of the line",
    "introducer at the end": "text\x1b",
    "nul": "a\x00b",
    "delete": "a\x7fb",
    "shift out": "a\x0eb",
    "bell": "a\x07b",
    "backspace": "abc\x08\x08\x08xyz",
    "carriage return": "good\rEVIL",
    "line feed": "one\ntwo",
    "right to left": "a\u202egpj.exe",
    "isolate": "a\u2067b\u2069",
    "zero width": "ad\u200bmin",
    "joiner": "a\u200db",
    "byte order mark": "\ufeffa",
    "tag": "a\U000e0041b",
    "filler": "a\u3164b",
    "soft hyphen": "a\u00adb",
    "line separator": "a\u2028b",
    "surrogate": "a\ud800b",
    "pile": "e" + "\u0301" * 50,
    "markup": "[bold]x[/bold]",
    "unknown close": "[/nosuch]",
    "progress": "[1/3] [/dev/sda]",
    "action": "[@click=app.quit()]x[/]",
    "markup link": "[link=http://evil.example]x[/link]",
}

HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
