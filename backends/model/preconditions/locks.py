"""Rules about who else works on the stamps, by the team's locks."""

from __future__ import annotations

from collections.abc import Iterable

from backends.model.change import Change, Impact
from backends.model.lock import LockHolder, LockSurvey
from backends.model.proposal import Finding, Level

ONE_STAMP_AT_A_TIME = "one-stamp-at-a-time"
STAMP_FREE = "stamp-free"


def one_stamp_at_a_time(survey: LockSurvey, stamp: str, working: Iterable[Change] = ()) -> list[Finding]:
    """Refuse while anybody of the team works on another stamp, this console included.

    A holder who renews the lock no more counts too: what it was at may be half done. `working` are changes of
    this console that may hold no lock yet. Locks that only an unreachable API keeps are not known, which warns.
    """
    found = [_works(each) for name, each in survey.holders.items() if name != stamp and each is not None]
    told = {each.stamp for each in found}
    for change in working:
        if change.stamp != stamp and change.stamp not in told and change.impact is not Impact.NONE:
            told.add(change.stamp)
            evidence = f"this console is about to {change.summary}"
            found.append(Finding(ONE_STAMP_AT_A_TIME, Level.REFUSE, evidence, change.stamp))
    unknown = [name for name in survey.not_asked if name != stamp and name not in told]
    if unknown:
        whose = f"locks that only {', '.join(unknown)} keeps cannot be seen: its API does not answer"
        found.append(Finding(ONE_STAMP_AT_A_TIME, Level.WARN, whose, unknown[0]))
    return found or [Finding(ONE_STAMP_AT_A_TIME, Level.PASS, "nobody of the team works on another stamp", stamp)]


def stamp_free(survey: LockSurvey, stamp: str, *, is_remains: bool = False) -> Finding:
    """Refuse while somebody else holds this stamp's lock; no override: a lost holder is taken over by its name.

    `is_remains`: the holder was a console of ours that died, and its operation is over.
    """
    holder = survey.holders.get(stamp)
    if holder is None:
        if stamp in survey.not_asked and len(survey.not_asked) >= len(survey.holders):
            return Finding(STAMP_FREE, Level.WARN, "no API could be asked who holds its lock", stamp)
        return Finding(STAMP_FREE, Level.PASS, "nobody holds its lock", stamp)
    if holder.is_ours:
        return Finding(STAMP_FREE, Level.PASS, f"this console holds its lock: {holder.what}", stamp)
    if is_remains:
        evidence = f"{holder.name}, a console of yours that ended, left its lock: it is taken over"
        return Finding(STAMP_FREE, Level.WARN, evidence, stamp)
    lost = f"; nobody renews it any more: take it over by typing {holder.name}" if holder.is_lost else ""
    evidence = f"{holder.name} holds its lock: {holder.what or 'it does not say for what'}{lost}"
    typed = holder.name if holder.is_lost else ""
    return Finding(STAMP_FREE, Level.REFUSE, evidence, stamp, overridable=False, typed=typed)


def _works(holder: LockHolder) -> Finding:
    who = "this console" if holder.is_ours else holder.name
    lost = "; nobody renews it any more, and it may be half done" if holder.is_lost and not holder.is_ours else ""
    evidence = f"{who} works on {holder.stamp}: {holder.what or 'it does not say at what'}{lost}"
    return Finding(ONE_STAMP_AT_A_TIME, Level.REFUSE, evidence, holder.stamp)
