"""The plan of a change as lines for people: rights, rules with their words, the diff, the kubectl line."""

from __future__ import annotations

from collections.abc import Iterator

from backends.model import inert
from backends.model.proposal import Ask, Finding, Level, Proposal
from console.commands.drawing import toned, width

_TONES = {Level.PASS: "good", Level.WARN: "warn", Level.REFUSE: "bad"}
_DIFF_TONES = {"+": "good", "-": "bad", "@": "dim"}
_WORD = len("refuse")


def plan_lines(proposal: Proposal, overrides: tuple[str, ...] = ()) -> list[str]:
    """Return what speaks for and against a change, and what it would do; state is always a word, never colour alone."""
    lines = [toned(inert.line(proposal.change.summary), "bold"), ""]
    for title, found in (
        ("rights", list(_rights(proposal))),
        ("rules", list(_rules(proposal, overrides))),
        ("notes", [inert.line(each) for each in proposal.preview.notes]),
        ("problem", [toned(inert.line(proposal.problem), "bad")] if proposal.problem else []),
        ("diff of the API's dry run", list(_diff(proposal.preview.diff))),
        ("the same by hand", [inert.line(each) for each in proposal.change.command.splitlines()]),
    ):
        if found:
            lines += [f"{title}:", *(f"  {each}" for each in found), ""]
    return lines[:-1]


def advice(
    proposal: Proposal, overrides: tuple[str, ...], typed_names: tuple[str, ...] = (), *, armed: bool
) -> list[str]:
    """Return what is still missing for it to be done, each as one line."""
    found = []
    if proposal.denied:
        found.append("ask whoever grants rights on this stamp")
    if refusals := proposal.refusals(overrides, typed_names):
        rules = list(dict.fromkeys(each.rule for each in refusals if each.overridable))
        if rules:
            found.append(f"mend it, or set it aside: {' '.join(f'--override {each}' for each in rules)} --reason TEXT")
        found += [f"take it over: --confirm {each.typed}" for each in refusals if each.typed]
        found += [f"mend it first: {each.evidence}" for each in refusals if not (each.overridable or each.typed)]
    if not armed:
        found.append("nothing was done: --write does it")
    if proposal.ask is Ask.NAME and not armed:
        name = proposal.change.stamp
        found.append(f"{name} is protected: it asks for its name, or takes --confirm {name} with --yes")
    return found


def _rights(proposal: Proposal) -> Iterator[str]:
    for each in proposal.access:
        level = Level.PASS if each.allowed else Level.REFUSE
        reason = f": {each.reason or 'not allowed'}" if not each.allowed else ""
        yield f"{_word(level)}  {inert.line(f'{each.permission}{reason}')}"


def _rules(proposal: Proposal, overrides: tuple[str, ...]) -> Iterator[str]:
    wide = max((len(each.rule) for each in proposal.findings), default=0)
    for each in sorted(proposal.findings, key=_gravity):
        aside = each.level is Level.REFUSE and each.overridable and each.rule in overrides
        evidence = f"{each.evidence} (set aside)" if aside else each.evidence
        name = inert.name(each.rule)
        yield f"{_word(each.level)}  {name}{' ' * (wide - width(name))}  {inert.line(evidence)}"


def _gravity(finding: Finding) -> int:
    return (Level.REFUSE, Level.WARN, Level.PASS).index(finding.level)


def _diff(diff: str) -> Iterator[str]:
    for each in diff.splitlines():
        yield toned(inert.line(each), _DIFF_TONES.get(each[:1], ""))


def _word(level: Level) -> str:
    return toned(level.value, _TONES[level]) + " " * (_WORD - len(level.value))
