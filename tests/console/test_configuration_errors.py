"""Every way fleet.yaml can be wrong: the line, the key, what was found, and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.configuration import load_settings
from console.configuration.problems import InvalidConfiguration
from tests.console.files import FLEET, write_fleet

STAMP = "stamps:\n- name: orlando\n  cluster: {kubeconfig: k, context: c}\n"

CASES = {
    "unknown key, misspelt": (
        STAMP.replace("context: c", "contxt: c"),
        ["3:28: stamps[0].cluster.contxt: unknown key — did you mean context?"],
    ),
    "unknown key of another section": (
        STAMP + "  url: https://x/\n",
        ["4:3: stamps[0].url: unknown key — it belongs under stamps[].application"],
    ),
    "unknown key, like nothing": (
        STAMP + "colour: red\n",
        ["4:1: colour: unknown key — known here: stamps, write, drift, theme, keys"],
    ),
    "top key inside": (
        STAMP + "  theme: x\n",
        ["4:3: stamps[0].theme: unknown key — it belongs to the top of the file"],
    ),
    "required": (
        STAMP.replace(", context: c", ""),
        ["3:12: stamps[0].cluster.context: this key is required — Name of the context in that file"],
    ),
    "no stamps": ("stamps: []\n", ["1:9: stamps: must name at least one stamp"]),
    "stamps missing": ("theme: x\n", ["1:1: stamps: this key is required — Every stamp, in the order shown"]),
    "not a mapping": ("- a\n", ["1:1: must be a mapping of keys, found a list"]),
    "empty": ("# nothing\n", ["1:1: the file is empty — `stampdeck init` writes one"]),
    "number for text": (
        STAMP.replace("context: c", "context: 5"),
        ["3:37: stamps[0].cluster.context: must be text, found 5 — put it in quotes"],
    ),
    "the Norway problem": (
        STAMP.replace("orlando", "no"),
        ["2:9: stamps[0].name: must be text, found false (a yes/no value) — put it in quotes"],
    ),
    "nothing for text": (
        STAMP.replace("context: c", "context: "),
        ["3:36: stamps[0].cluster.context: must be text, found nothing"],
    ),
    "list for mapping": (
        "stamps:\n- name: orlando\n  cluster: []\n",
        ["3:12: stamps[0].cluster: must be a mapping of keys, found a list"],
    ),
    "bad name": (
        STAMP.replace("orlando", "Orlando_1"),
        [
            "2:9: stamps[0].name: found 'Orlando_1' — "
            "a stamp's name is 1 to 63 lower-case letters, digits and inner hyphens"
        ],
    ),
    "same name": (
        STAMP + "- name: orlando\n  cluster: {kubeconfig: k, context: c}\n",
        ["4:9: stamps[1].name: a second stamp named 'orlando'; the first is on line 2 — names have to differ"],
    ),
    "bad choice": (
        STAMP + "  protection: tiped\n",
        ["4:15: stamps[0].protection: must be 'open', 'confirm' or 'typed', found 'tiped'"],
    ),
    "bad duration": (
        STAMP + "write: {armed_for: 15x}\n",
        ["4:20: write.armed_for: found '15x' — not a duration: write 90s, 15m, 2h or 1h30m"],
    ),
    "duration too long": (
        STAMP + "write: {armed_for: 2d}\n",
        ["4:20: write.armed_for: must be at most 86400, found '2d'"],
    ),
    "zero rate": (
        STAMP.replace("context: c", "context: c, requests_per_second: 0"),
        ["3:61: stamps[0].cluster.requests_per_second: must be more than 0, found 0"],
    ),
    "address without scheme": (
        STAMP + "  application: {url: 10.0.0.1}\n",
        ["4:22: stamps[0].application.url: found '10.0.0.1' — write a whole address, such as https://10.0.0.1/"],
    ),
    "address with a password": (
        STAMP + "  application: {url: 'https://me:hush@10.0.0.1/'}\n",
        [
            "4:22: stamps[0].application.url: found 'https://me:«redacted»@10.0.0.1/' — "
            "no user name or password in an address: it would be shown on screens and in logs"
        ],
    ),
    "key twice": (
        STAMP + "theme: a\ntheme: b\n",
        ["5:1: theme: the same key again: it is on line 4 too"],
    ),
    "syntax": (
        "stamps:\n- name: [orlando\n",
        [
            "3:1: not valid YAML: while parsing a flow sequence: "
            "expected ',' or ']', but got '<stream end>'"
        ],
    ),
    "tab": (
        "stamps:\n\t- name: orlando\n",
        [
            "2:1: not valid YAML: while scanning for the next token: "
            "found character '\\t' that cannot start any token"
        ],
    ),
    "two documents": (
        STAMP + "---\nx: 1\n",
        ["4:1: not valid YAML: expected a single document in the stream: but found another document"],
    ),
    "an object": ("stamps: !!python/object:os.system []\n", None),
    "itself": ("stamps: &a [*a]\n", None),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_each_mistake_is_told_with_its_place(tmp_path: Path, text: str, expected: list[str] | None) -> None:
    file = write_fleet(tmp_path, text)
    with pytest.raises(InvalidConfiguration) as caught:
        load_settings(str(file))
    told = [problem.show(file).removeprefix(f"{file}:") for problem in caught.value.problems]
    if expected is None:
        assert told
    else:
        assert told == expected


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = FLEET.replace("typed", "tiped").replace("2.5s", "never").replace("armed_for", "armed")
    with pytest.raises(InvalidConfiguration) as caught:
        load_settings(str(write_fleet(tmp_path, text)))
    assert [problem.line for problem in caught.value.problems] == [4, 9, 14]
    assert str(caught.value).splitlines()[0].endswith("fleet.yaml has 3 problems")


def test_a_secret_in_an_unknown_key_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        load_settings(str(write_fleet(tmp_path, STAMP + "  token: hush-hush-hush\n")))
    assert "hush" not in str(caught.value)
