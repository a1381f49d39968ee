"""What is typed after `:`: its grammar, and the completion that is offered while typing."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from backends.model.kinds import find_kind
from screens.places import (
    DoctorPlace,
    DriftPlace,
    EnginePlace,
    FaultsPlace,
    FleetPlace,
    ForwardsPlace,
    HistoryPlace,
    Place,
    ResourcesPlace,
    RunsPlace,
)
from screens.vocabulary import USUAL_KINDS, Vocabulary

QUIT_WORDS = ("q", "quit", "q!", "qa", "exit")
HELP_WORDS = ("help", "h", "?")
PLACE_WORDS: dict[str, Place] = {
    "fleet": FleetPlace(),
    "home": FleetPlace(),
    "doctor": DoctorPlace(),
    "drift": DriftPlace(),
    "history": HistoryPlace(),
    "audit": HistoryPlace(),
    "runs": RunsPlace(),
    "forwards": ForwardsPlace(),
    "pf": ForwardsPlace(),
    "engine": EnginePlace(),
    "upgrade": EnginePlace(),
    "faults": FaultsPlace(),
}
ALIASES = {
    "dp": "deployments",
    "sec": "secrets",
    "jo": "jobs",
    "cr": "clusterroles",
    "crb": "clusterrolebindings",
    "ro": "roles",
    "rb": "rolebindings",
    "np": "networkpolicies",
}
"""What k9s calls some kinds beside the server's own short names."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a typed line asks for: `visit` a place, `quit`, `help`, `theme`, or a `problem` to show."""

    verb: str
    place: Place | None = None
    text: str = ""


def parse_command(text: str, words: Vocabulary, here: Place) -> Command:
    """Read `po`, `po kube-system`, `po /web`, `po app=x`, `po @orlando`, `po @all`, `ns default`, `all`, `q`, …"""
    try:
        parts = shlex.split(text)
    except ValueError:
        return Command("problem", text="a quote is not closed")
    if not parts:
        return Command("none")
    first, rest = parts[0], parts[1:]
    if first in QUIT_WORDS:
        return Command("quit")
    if first in HELP_WORDS:
        return Command("help")
    if first == "theme":
        return Command("theme", text=rest[0] if rest else "")
    if first in PLACE_WORDS and (first != "faults" or words.faults):
        return Command("visit", PLACE_WORDS[first])
    if first in ("all", "@all") or first.startswith("@") or first in ("ctx", "stamp"):
        return _on_stamps(first, rest, words, here)
    if first == "ns" and rest:
        return _in_namespace(rest[0], here)
    return _kind(first, rest, words)


def _on_stamps(first: str, rest: list[str], words: Vocabulary, here: Place) -> Command:
    name = rest[0] if first in ("ctx", "stamp") and rest else first.lstrip("@")
    base = here if isinstance(here, ResourcesPlace) else ResourcesPlace("pods")
    if name in ("all", "ctx", "stamp"):
        return Command("visit", replace(base, stamps=()))
    if name not in words.stamps:
        return Command("problem", text=f"no stamp named {name}; there are {', '.join(words.stamps)}")
    return Command("visit", replace(base, stamps=(name,)))


def _in_namespace(name: str, here: Place) -> Command:
    base = here if isinstance(here, ResourcesPlace) else ResourcesPlace("pods")
    return Command("visit", replace(base, namespace=None if name in ("all", "-") else name))


def _kind(name: str, rest: list[str], words: Vocabulary) -> Command:
    known = find_kind(words.kinds, name)
    if known is None and name in ALIASES:
        name = ALIASES[name]
        known = find_kind(words.kinds, name)
    if known is None and words.kinds and name not in USUAL_KINDS:
        near = _near(name, words)
        return Command(
            "problem", text=f"no stamp serves a kind named {name}" + (f"; did you mean {near}?" if near else "")
        )
    draft = _Draft(known.full_name if known and known.group else (known.resource if known else name))
    for word in rest:
        if problem := draft.take(word, words):
            return Command("problem", text=problem)
    return Command("visit", draft.place())


@dataclass(slots=True)
class _Draft:
    kind: str
    stamps: list[str] = field(default_factory=list)
    namespace: str | None = None
    selectors: list[str] = field(default_factory=list)
    filter: str = ""

    def take(self, word: str, words: Vocabulary) -> str:
        if word.startswith("@"):
            name = word[1:]
            if name != "all" and name not in words.stamps:
                return f"no stamp named {name}; there are {', '.join(words.stamps)}"
            if name != "all":
                self.stamps.append(name)
        elif word.startswith("/"):
            self.filter = word[1:]
        elif self.filter:
            self.filter += f" {word}"
        elif word == "-l":
            pass
        elif "=" in word or " in " in word or " notin " in word:
            self.selectors.append(word)
        elif self.namespace is None:
            self.namespace = word
        else:
            return f"not understood: {word}"
        return ""

    def place(self) -> ResourcesPlace:
        namespace = None if self.namespace in ("all", "-") else self.namespace
        return ResourcesPlace(self.kind, tuple(self.stamps), namespace, ",".join(self.selectors), filter=self.filter)


def _near(name: str, words: Vocabulary) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, words.kind_names(), 1)), "")


def complete(text: str, words: Vocabulary) -> str | None:
    """Return the whole line the text would most likely become, or None: what stands dimmed behind the cursor."""
    head, space, last = text.rpartition(" ")
    if not last:
        return None
    if not space:
        candidates: Iterable[str] = (*words.kind_names(), *PLACE_WORDS, "all", "quit", "help", "theme", "ns")
    elif last.startswith("@"):
        candidates = (*(f"@{stamp}" for stamp in words.stamps), "@all")
    elif head.split()[0] == "theme":
        candidates = words.themes
    elif head.split()[0] in ("ctx", "stamp"):
        candidates = words.stamps
    else:
        candidates = words.namespaces
    for candidate in candidates:
        if candidate.startswith(last) and candidate != last:
            return f"{head}{space}{candidate}"
    return None
