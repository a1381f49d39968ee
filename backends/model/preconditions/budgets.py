"""The rule about disruption budgets: which of them stand in the way of evicting pods.

Source: Kubernetes API reference, PodDisruptionBudget (policy/v1 and v1beta1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from backends.model.diagnosis import Object
from backends.model.fields import amount, full_name, mapping, text
from backends.model.preconditions.replicas import named
from backends.model.proposal import Finding, Level
from backends.model.selector import SelectorError, parse_selector, selector_text

DISRUPTION_BUDGETS = "disruption-budgets"


def disruption_budgets(pods: Iterable[Object], budgets: Sequence[Object], stamp: str) -> Finding:
    """Judge evicting `pods` by the budgets that protect them.

    Refuses when a budget never lets a pod go, however healthy all are (it wants as many as there are); warns when
    one lets none go now, for that may pass; a pod under more than one budget cannot be evicted at all (the API
    refuses it), which refuses too.
    """
    never: list[str] = []
    not_now: list[str] = []
    several: list[str] = []
    met: set[str] = set()
    for pod in pods:
        protecting = budgets_of(pod, budgets)
        met |= {full_name(each) for each in protecting}
        if len(protecting) > 1:
            several.append(full_name(pod))
        for budget in protecting:
            if not _is_in_the_way(budget):
                continue
            listed = never if never_allows(budget) else not_now
            if full_name(budget) not in listed:
                listed.append(full_name(budget))
    if several:
        evidence = f"more than one budget protects {named(several)}: the API evicts no such pod"
        return Finding(DISRUPTION_BUDGETS, Level.REFUSE, evidence, stamp)
    if never:
        evidence = f"{named(never)} never lets a pod go: all of its pods have to stay"
        return Finding(DISRUPTION_BUDGETS, Level.REFUSE, evidence, stamp)
    if not_now:
        evidence = f"{named(not_now)} lets no pod go now: it would be waited for"
        return Finding(DISRUPTION_BUDGETS, Level.WARN, evidence, stamp)
    evidence = f"{named(sorted(met))} lets pods go" if met else "no budget protects these pods"
    return Finding(DISRUPTION_BUDGETS, Level.PASS, evidence, stamp)


def budgets_of(pod: Object, budgets: Iterable[Object]) -> list[Object]:
    """Return the budgets that select a pod."""
    return [each for each in budgets if selects(each, pod)]


def selects(budget: Object, pod: Object) -> bool:
    """Whether a budget protects a pod: same namespace, labels selected.

    An empty selector selects every pod of the namespace in policy/v1, and none in v1beta1; none given, no pod.
    """
    if text(budget, "metadata", "namespace") != text(pod, "metadata", "namespace"):
        return False
    selector = (budget.get("spec") or {}).get("selector")
    if not isinstance(selector, Mapping):
        return False
    if not selector_text(selector):
        return not text(budget, "apiVersion").endswith("v1beta1")
    try:
        found = parse_selector(selector_text(selector))
    except SelectorError:
        return True  # a selector we cannot read may well protect it
    return found.matches({key: str(value) for key, value in mapping(pod, "metadata", "labels").items()})


def never_allows(budget: Object) -> bool:
    """Whether a budget would let no pod go even with all of them healthy."""
    expected, needed = amount(budget, "status", "expectedPods"), amount(budget, "status", "desiredHealthy")
    return 0 < expected <= needed


def _is_in_the_way(budget: Object) -> bool:
    return "disruptionsAllowed" in (budget.get("status") or {}) and amount(budget, "status", "disruptionsAllowed") <= 0
