"""Lines of the loggers taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.aks_engine.log.engine_log import EngineLog
from backends.aks_engine.log.go_text import unquote
from backends.model.engine.line import EngineLine, LineForm
from backends.model.fleet import Severity


def lines(text: str) -> list[EngineLine]:
    """Read a text as the whole of an upgrade's log."""
    log = EngineLog("upgrade")
    return [*log.feed(text.encode()), *log.close()]


def line(text: str) -> EngineLine:
    """Read a single line."""
    (found,) = lines(text)
    return found


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("info", Severity.INFO),
        ("warning", Severity.WARNING),
        ("error", Severity.BAD),
        ("fatal", Severity.BAD),
        ("debug", Severity.INFO),
        ("odd", Severity.INFO),
    ],
)
def test_logfmt_levels(level: str, severity: Severity) -> None:
    found = line(f'time="2026-11-23T08:07:49Z" level={level} msg="something else"')
    assert (found.form, found.severity, found.text) == (LineForm.LOGFMT, severity, "something else")
    assert found.at == 1_795_421_269.0
    assert found.is_noise == (level == "debug")


def test_logfmt_quotes_and_fields() -> None:
    found = line(
        'time="2026-11-23T09:07:49+01:00" level=info msg="a \\"b\\"\\tc\\\\d é \\u00e9\\n" '
        'node=n-0 why="x y" prefix=drain'
    )
    assert found.text == 'a "b"   c\\d é é'
    assert dict(found.fields) == {"node": "n-0", "why": "x y"}
    assert found.at == 1_795_421_269.0


def test_logfmt_without_quotes() -> None:
    found = line('time="2026-11-23T08:07:49Z" level=info msg=short node=n-0')
    assert (found.text, dict(found.fields)) == ("short", {"node": "n-0"})


@pytest.mark.parametrize(
    "cut",
    ['time="2026-11-23T08:07:49Z" level=info msg="Evaluating VM: k8s-l', 'time="2026-11-23T08:07:49Z" level=info msg='],
)
def test_a_line_that_was_cut_is_taken_as_far_as_it_goes(cut: str) -> None:
    found = line(cut)
    assert found.form is LineForm.LOGFMT
    assert found.text == cut.partition("msg=")[2].strip('"')


def test_a_time_that_is_none() -> None:
    assert line('time="yesterday" level=info msg="x"').at is None


@pytest.mark.parametrize(
    "text", ["\x1b[36mINFO\x1b[0m[0004] two words      ", "INFO[0004] two words", "INFO[0004] two words\r"]
)
def test_colour_with_and_without_its_colours(text: str) -> None:
    found = line(text)
    assert (found.form, found.text, found.severity) == (LineForm.COLOUR, "two words", Severity.INFO)


def test_colour_fields() -> None:
    found = line(
        f"\x1b[33mWARN\x1b[0m[0012] {'2 pods will be deleted':<44} \x1b[33mnode\x1b[0m=n-0 \x1b[33mprefix\x1b[0m=drain "
    )
    assert (found.message, found.fields["node"], found.fields["pods"]) == ("drain_count", "n-0", "2")
    assert found.severity is Severity.WARNING


def test_klog() -> None:
    found = line("W1123 08:47:21.489315   17855 request.go:696] Waited for 1.04s due to client-side throttling")
    assert (found.form, found.severity, found.is_noise) == (LineForm.KLOG, Severity.WARNING, True)
    assert found.text.startswith("Waited for")
    assert found.at is None


def test_seconds_since_the_start_become_times_once_a_start_is_known() -> None:
    found = lines(
        "INFO[0000] Writing cloud profile to: /tmp/x\n"
        'time="2026-11-23T08:07:49Z" level=info msg="Starting upgrade of master nodes..."\n'
        "INFO[0004] something\n"
    )
    assert [each.at for each in found] == [None, 1_795_421_269.0, 1_795_421_273.0]


def test_the_start_is_the_earliest_that_lines_of_both_loggers_betray() -> None:
    """The first pair may stand a silence apart: later ones are nearer."""
    log = EngineLog("upgrade")
    log.feed(b'INFO[0000] a\ntime="2026-11-23T08:08:19Z" level=info msg="b"\n')
    assert log.progress.started_at == 1_795_421_299.0
    log.feed(b'INFO[0032] c\ntime="2026-11-23T08:08:21Z" level=info msg="d"\n')
    assert log.progress.started_at == 1_795_421_269.0


def test_a_start_that_is_given_is_the_earliest() -> None:
    log = EngineLog("upgrade", started_at=1_795_421_260.0)
    (first,) = log.feed(b"INFO[0003] a\n")
    assert first.at == 1_795_421_263.0
    log.feed(b'time="2026-11-23T07:00:00Z" level=info msg="b"\n')
    assert log.progress.started_at == 1_795_421_260.0


def test_what_follows_an_error_is_folded_under_it() -> None:
    found = lines(
        "Error: upgrading cluster: PUT https://management.local/x\n"
        + "-" * 80
        + "\nRESPONSE 400: 400 X\nERROR CODE: InvalidTemplateDeployment\n"
        + "-" * 80
        + '\n{\n  "error": {\n  }\n}\n'
        + "-" * 80
        + "\n\nUsage:\n  aks-engine-azurestack upgrade [flags]\n\nFlags:\n  -h, --help   help for upgrade\n\n"
        + "something new\n"
    )
    assert [each.form.value for each in found] == ["error", *["arm"] * 10, *["usage"] * 6, "plain"]
    assert [each.is_folded for each in found] == [False, *[True] * 16, False]


def test_an_entry_between_two_parts_of_the_help_does_not_end_it() -> None:
    found = lines("Error: x\nUsage:\nINFO[0001] late\n  -h, --help   help\n")
    assert [each.form.value for each in found] == ["error", "usage", "colour", "usage"]


def test_the_body_of_an_answer_may_be_anything() -> None:
    rule = "-" * 80
    found = lines(
        f"Error: GET https://x/y\n{rule}\nRESPONSE 502\n{rule}\n<html>\nUsage:\nWhat?\n{rule}\n"
        "rest ]\n\nwrapped\nsomething new\nand more\n"
    )
    assert [each.form.value for each in found] == ["error", *["arm"] * 10, "plain", "plain"]


def test_an_error_of_several_lines() -> None:
    found = lines("Error: one\ntwo\n\nUsage:\n")
    assert [(each.form.value, each.is_folded) for each in found] == [
        ("error", False),
        ("error", True),
        ("error", True),
        ("usage", True),
    ]


def test_a_stack_belongs_to_the_error_before_it() -> None:
    found = lines("Error: x\ngithub.com/a/b.(*C).D\n\t/src/b.go:12\nUsage:\n")
    assert [each.form.value for each in found] == ["error", "stack", "stack", "usage"]
    assert line("main.main").form is LineForm.PLAIN


def test_a_panic_goes_on_to_the_end() -> None:
    found = lines(
        "panic: runtime error: x\n[signal SIGSEGV: y]\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:18 +0x7f\n"
    )
    assert {each.form for each in found} == {LineForm.PANIC}
    assert [each.is_folded for each in found] == [False, *[True] * 5]
    assert found[0].severity is Severity.BAD


def test_a_table_of_nodes() -> None:
    found = lines(
        "NODE    STATUS    VERSION    OS    KERNEL\n"
        "n-0    NotReady,SchedulingDisabled    v1.33.10    Ubuntu 22.04.5 LTS    5.15.0\n"
        "n-1    Ready    v1.33.10\n"
        "something else\nn-2    Ready    v1.33.10\n"
    )
    assert [each.form.value for each in found] == ["table", "table", "table", "plain", "plain"]
    assert dict(found[1].fields) == {
        "node": "n-0",
        "status": "NotReady,SchedulingDisabled",
        "version": "v1.33.10",
        "os": "Ubuntu 22.04.5 LTS",
        "kernel": "5.15.0",
    }


def test_what_is_unknown_is_kept() -> None:
    assert [each.text for each in lines("  anything,\n\n\tat all")] == ["  anything,", "", "    at all"]


@pytest.mark.parametrize(
    ("quoted", "text"),
    [
        ('"a\\nb"', "a\nb"),
        ('"\\x41\\xff"', "A\ufffd"),
        ('"\\u00e9\\U0001f600"', "é😀"),
        ('"\\ud800"', "\ufffd"),
        ('"\\q"', "\\q"),
        ('"open', "open"),
        ('"', ""),
        ("bare\\n", "bare\\n"),
    ],
)
def test_what_go_quotes_is_read_back(quoted: str, text: str) -> None:
    assert unquote(quoted) == text


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_categories=("Cc", "Cf")), max_size=60))
def test_any_message_is_read_back(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert unquote(f'"{quoted}"') == text
