"""One line about the service as a whole, kept apart from whether any one cluster answers."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model.fleet import StampSnapshot, Verdict, VerdictLevel
from backends.model.health import Health


def judge(stamps: Sequence[StampSnapshot]) -> Verdict:
    """Return the verdict: by the application's own answers where any stamp is asked, else by its workloads."""
    if not stamps:
        return Verdict(VerdictLevel.UNKNOWN, "no stamps are configured")
    asked = [stamp for stamp in stamps if stamp.application.health is not Health.OFF or stamp.probes]
    if not asked:
        return _by_workloads(stamps)
    up = sum(1 for stamp in asked if stamp.serves)
    silent = [stamp for stamp in asked if stamp.serves is False]
    unknown = [stamp for stamp in asked if stamp.serves is None]
    level = _level(up, len(silent), len(unknown))
    if not up and not silent:
        return Verdict(level, f"waiting for the service's first answer on {_all(len(asked))}", 0, len(asked))
    reasons = [_silence(stamp) for stamp in silent]
    reasons += [f"{stamp.name} has not been asked yet" for stamp in unknown]
    text = f"the service is up on {_of(up, len(asked))}" if up else _not_up(len(silent), len(asked))
    return Verdict(level, f"{text}: {'; '.join(reasons)}" if reasons else text, up, len(asked))


def _not_up(silent: int, asked: int) -> str:
    if silent == asked:
        return f"the service is down on {_all(asked)}"
    return f"the service is up nowhere yet, {_of(silent, asked)} asked"


def _level(up: int, silent: int, unknown: int) -> VerdictLevel:
    if silent:
        return VerdictLevel.DEGRADED if up else VerdictLevel.UNKNOWN if unknown else VerdictLevel.DOWN
    return VerdictLevel.UNKNOWN if unknown else VerdictLevel.UP


def _silence(stamp: StampSnapshot) -> str:
    sample = stamp.probes[-1]
    verb = "does not answer" if sample.status is None else "answers wrongly"
    reason = sample.reason or (f"HTTP {sample.status}" if sample.status is not None else "")
    return f"{stamp.name} {verb} ({reason})" if reason else f"{stamp.name} {verb}"


def _by_workloads(stamps: Sequence[StampSnapshot]) -> Verdict:
    well, ill, unknown = [], [], []
    for stamp in stamps:
        reason = _trouble(stamp)
        if reason is None:
            well.append(stamp)
        elif reason == "":
            unknown.append(f"nothing is known of {stamp.name}")
        elif stamp.api.health in (Health.DOWN, Health.UNAUTHORIZED, Health.FORBIDDEN):
            unknown.append(f"{stamp.name}: {reason}")
        else:
            ill.append(f"{stamp.name}: {reason}")
    count = _of(len(well), len(stamps))
    text = f"no application is configured to ask; judged by nodes and workloads, all is well on {count}"
    reasons = "; ".join([*ill, *unknown])
    level = VerdictLevel.DEGRADED if ill else VerdictLevel.UNKNOWN if unknown else VerdictLevel.UP
    return Verdict(level, f"{text}: {reasons}" if reasons else text, len(well), len(stamps))


def _trouble(stamp: StampSnapshot) -> str | None:
    """Why a stamp is not well: None when it is, empty when nothing is known."""
    if stamp.api.health in (Health.DOWN, Health.UNAUTHORIZED, Health.FORBIDDEN):
        return f"its API is {stamp.api.health} ({stamp.api.reason or 'no reason given'})"
    if stamp.nodes_total is None and stamp.workloads_total is None:
        return ""
    troubles = []
    if stamp.nodes_total is not None and (stamp.nodes_ready or 0) < stamp.nodes_total:
        troubles.append(f"{stamp.nodes_ready} of {stamp.nodes_total} nodes ready")
    if stamp.workloads_total is not None and (stamp.workloads_ready or 0) < stamp.workloads_total:
        troubles.append(f"{stamp.workloads_ready} of {stamp.workloads_total} workloads ready")
    return ", ".join(troubles) or None


def _of(up: int, total: int) -> str:
    return f"{up} of {total} {'stamp' if total == 1 else 'stamps'}"


def _all(total: int) -> str:
    return "its only stamp" if total == 1 else f"all {total} stamps"
