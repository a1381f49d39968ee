"""A proposal as lines: what is allowed, what the rules say, what would differ, and the command that does the same."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model import inert
from backends.model.proposal import Ask, Finding, Level, Proposal
from screens.glyphs import Glyphs
from screens.lines import EMPTY, Line, Piece, line, wrap

_TONES = {Level.PASS: "good", Level.WARN: "warn", Level.REFUSE: "bad"}
_DIFF_TONES = {"+": "good", "-": "bad", "@": "accent"}
NAME_WIDTH = 20


def proposal_lines(proposal: Proposal, overrides: Sequence[str], width: int, glyphs: Glyphs) -> list[Line]:
    """Return all one should know before a yes: what speaks against it, what it does, and what is well."""
    here, lines = proposal.change.stamp, []
    if proposal.problem:
        lines += _entry(glyphs.down, "cannot be done", "bad", proposal.problem, width)
    for answer in proposal.denied:
        said = f"{answer.permission}: {answer.reason or 'no reason given'}"
        lines += _entry(glyphs.locked, "not allowed", "bad", said, width)
    for level in (Level.REFUSE, Level.WARN):
        for finding in (each for each in proposal.findings if each.level is level):
            lines += finding_lines(finding, overrides, width, glyphs, here)
    lines += _what_it_does(proposal, width, bool(lines))
    lines += [EMPTY, line(("what is well", "title"))]
    for finding in (each for each in proposal.findings if each.level is Level.PASS):
        lines += finding_lines(finding, overrides, width, glyphs, here)
    for answer in (each for each in proposal.access if each.allowed):
        lines += _entry(glyphs.good, "allowed", "good", str(answer.permission), width)
    return lines


def problem_lines(problem: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Return why there is nothing to agree to, whole."""
    parts = [part for each in problem.splitlines() for part in wrap(each, max(20, width - 2), 12)]
    return [line((f"{glyphs.down} " if at == 0 else "  ", "bad"), (part, "bad")) for at, part in enumerate(parts)]


def _what_it_does(proposal: Proposal, width: int, below: bool) -> list[Line]:
    preview, lines = proposal.preview, []
    if preview.notes:
        lines += [EMPTY, line(("plan", "title"))]
        lines += [line("  ", part) for note in preview.notes for part in (wrap(note, width - 2, 6) or [""])]
    if preview.diff:
        lines += [EMPTY, line(("what would differ, by the API's own dry run", "title"))]
        lines += [diff_line(each) for each in preview.diff.splitlines()]
    lines += [EMPTY, line(("the same by hand", "title"))]
    lines += [
        line("  ", (part, "accent"))
        for each in proposal.change.command.splitlines()
        for part in wrap(each, width - 2, 8)
    ]
    return lines if below else lines[1:]


def finding_lines(finding: Finding, overrides: Sequence[str], width: int, glyphs: Glyphs, here: str = "") -> list[Line]:
    """Return one rule's answer; a refusal that is set aside says so, and another stamp than `here` is named."""
    aside = finding.level is Level.REFUSE and finding.overridable and finding.rule in overrides
    glyph = {Level.PASS: glyphs.good, Level.WARN: glyphs.warn, Level.REFUSE: glyphs.down}[finding.level]
    tone = "warn" if aside else _TONES[finding.level]
    named = finding.stamp and finding.stamp != here and finding.stamp not in finding.evidence
    where = f"{finding.stamp}: " if named else ""
    said = f"{'set aside — ' if aside else ''}{where}{finding.evidence}"
    return _entry(glyphs.warn if aside else glyph, finding.rule, tone, said, width)


def _entry(glyph: str, name: str, tone: str, text: str, width: int) -> list[Line]:
    indent = NAME_WIDTH + 4
    first, *rest = wrap(text, max(20, width - indent), 5) or [""]
    named = inert.name(name)
    if len(named) > NAME_WIDTH:
        return [
            line((f"{glyph} ", tone), (named, f"{tone}-strong")),
            *(line(" " * indent, part) for part in (first, *rest)),
        ]
    head = line((f"{glyph} ", tone), (f"{named:<{NAME_WIDTH}}", f"{tone}-strong"), "  ", first)
    return [head, *(line(" " * indent, part) for part in rest)]


def diff_line(text: str) -> Line:
    """Return one line of a unified diff in its tone."""
    shown = inert.line(text)
    tone = "dim" if text.startswith(("--- ", "+++ ")) else _DIFF_TONES.get(text[:1], "")
    return (Piece("  "), Piece(shown, tone)) if shown else EMPTY


def asks(proposal: Proposal, overrides: Sequence[str], names: Sequence[str], armed: bool) -> list[tuple[str, str]]:
    """Return what still stands between the operator and a yes: (what, tone), nothing when only the yes is left."""
    if proposal.problem:
        return [("it cannot be done as it is: esc leaves, r looks again", "bad")]
    if proposal.denied:
        return [("your credentials do not allow this: esc leaves", "bad")]
    refusals = [each for each in proposal.refusals(tuple(overrides), tuple(names)) if not each.typed]
    if fixed := [each.rule for each in refusals if not each.overridable]:
        return [(f"refused by {', '.join(dict.fromkeys(fixed))}, which cannot be set aside", "bad")]
    if refusals:
        rules = ", ".join(dict.fromkeys(each.rule for each in refusals))
        return [(f"refused by {rules}: o sets rules aside, by name and with a reason", "bad")]
    if not armed:
        return [("the console is read-only: W arms writing", "warn")]
    return [(why, "warn") for _, why in wanted_names(proposal, overrides, names)[:1]]


def wanted_names(proposal: Proposal, overrides: Sequence[str], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the names that are still to be typed, each with what for: a lock's lost holder, a protected stamp."""
    if proposal.problem or proposal.denied:
        return []
    refusals = proposal.refusals(tuple(overrides), tuple(names))
    if any(not each.typed for each in refusals):
        return []
    wanted = [(each.typed, f"type {each.typed} to take the lock over: {each.evidence}") for each in refusals]
    if proposal.ask is Ask.NAME and proposal.change.stamp not in names:
        wanted.append((proposal.change.stamp, f"{proposal.change.stamp} is protected: type its name"))
    return wanted
