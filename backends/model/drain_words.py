"""A drain's plan in words: one line for the whole, then one for each pod."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from backends.model.age import format_duration
from backends.model.drain import DrainedPod, DrainOptions, DrainPlan, Fate
from backends.model.drain_room import room_words

_STAYS = {Fate.DAEMON: "of a DaemonSet", Fate.MIRROR: "static"}


def plan_lines(plan: DrainPlan, options: DrainOptions) -> Iterator[str]:
    """Yield the plan's lines, those of the pods in the order they leave."""
    yield headline(plan, options)
    for pod in plan.leaving:
        yield f"{'withhold' if pod.withheld(options) else 'evict'} {pod.key}: {'; '.join(_said(pod, options))}"
    for pod in plan.staying:
        why = "the kubelet runs it from a file" if pod.fate is Fate.MIRROR else f"{pod.workload} keeps it here"
        yield f"keep {pod.key}: {why}"
    for what in plan.unknown:
        yield f"not known: {what}"


def headline(plan: DrainPlan, options: DrainOptions) -> str:
    """Return how many pods leave and stay, and how long it takes at most."""
    leaving = plan.leaving
    count = f"evicts {len(leaving)} pod{'' if len(leaving) == 1 else 's'}" if leaving else "evicts no pod"
    if len(leaving) > 1:
        count += f", at most {options.at_once} at once and one of each workload or budget"
    if plan.longest_s:
        count += f", within {format_duration(plan.longest_s)} if each takes its whole grace period"
    kept = Counter(each.fate for each in plan.staying)
    stay = ", ".join(f"{number} {_STAYS[fate]}" for fate, number in kept.items())
    return f"{count}; {stay or 'none'} stay{'s' if len(plan.staying) == 1 else ''}"


def _said(pod: DrainedPod, options: DrainOptions) -> Iterator[str]:
    if pod.is_terminating:
        yield "already being deleted"
        return
    if pod.fate is Fate.FINISHED:
        yield "it has ended"
        return
    if pod.workload:
        yield pod.workload
    if withheld := pod.withheld(options):
        yield withheld
        return
    if pod.unmanaged:
        yield f"lost for good: {pod.unmanaged}"
    else:
        yield room_words(pod.placement)
    if pod.local_data:
        yield f"loses the data in {', '.join(pod.local_data)}"
    if pod.hindrance is not None:
        yield f"{'blocked for good' if pod.hindrance.for_good else 'blocked now'}: {pod.hindrance.why}"
    elif pod.budgets:
        yield f"budget {pod.budgets[0]} allows it"
    if pod.outage:
        yield f"an outage: {pod.outage}"
    yield f"grace {format_duration(pod.grace_s)}"
