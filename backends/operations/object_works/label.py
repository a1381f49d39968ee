"""Setting and removing labels or annotations. Source: what `kubectl label` and `kubectl annotate` do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Self

from backends.clock import Clock
from backends.errors import Invalid
from backends.model.change import Change, Impact, Permission, Target
from backends.model.fields import mapping, text
from backends.model.kubectl_line import kubectl_line
from backends.model.proposal import Finding
from backends.operations.ports import ClusterWriter, KubernetesObject, PatchKind
from backends.operations.workload_works.patching import PatchWork
from backends.operations.workload_works.scale import kind_word

FIELDS = {"label": "labels", "annotate": "annotations"}
_NAME = r"[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?"
_KEY = re.compile(rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NAME}", re.ASCII)
_VALUE = re.compile(rf"(?:{_NAME})?", re.ASCII)


class LabelWork(PatchWork):
    """Sets labels of one object; parameters: `patch`, `uid`, and `values` by key (None: removed)."""

    ACTION = "label"
    FOLLOWS = False

    @classmethod
    async def plan(
        cls,
        cluster: ClusterWriter,
        kind: str,
        name: str,
        namespace: str | None,
        values: Mapping[str, str | None],
        clock: Clock,
    ) -> Self:
        """Read the object and return the work; Invalid for keys and values the API would refuse."""
        obj, stamp, field = await cluster.get(kind, name, namespace), cluster.stamp, FIELDS[cls.ACTION]
        target = Target(kind_word(obj, kind), name, text(obj, "metadata", "namespace") or None)
        if problem := problem_of(values, labels=field == "labels"):
            what, todo = f"cannot {cls.ACTION} {target}", "write KEY=VALUE, or KEY- to remove it"
            raise Invalid(what, why=problem, todo=todo, stamp=stamp.name)
        words = [f"{key}={value}" if value is not None else f"{key}-" for key, value in values.items()]
        before = mapping(obj, "metadata", field)
        overwrites = any(value is not None and before.get(key, value) != value for key, value in values.items())
        line = [cls.ACTION, f"{target.kind}/{name}", *words, *(["--overwrite"] if overwrites else [])]
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"{cls.ACTION} {target.kind}/{name} on {stamp.name}: {' '.join(words)}",
            command=kubectl_line(stamp, *line, namespace=target.namespace),
            impact=Impact.CAREFUL if field == "labels" else Impact.NONE,
            needs=tuple(Permission(verb, target.kind, target.namespace) for verb in ("get", "patch")),
            parameters={
                "patch": {"metadata": {field: dict(values)}},
                "uid": text(obj, "metadata", "uid"),
                "values": dict(values),
            },
        )
        return cls(change, cluster, clock)

    def patch_kind(self) -> PatchKind:
        """Custom resources know no strategic merge."""
        return PatchKind.MERGE

    async def findings(self) -> Sequence[Finding]:
        """The diff says it all."""
        return ()

    def is_as_wanted(self, obj: KubernetesObject) -> bool:
        have = mapping(obj, "metadata", FIELDS[self.ACTION])
        return all(have.get(key) == value for key, value in self._change.parameters["values"].items())


class AnnotateWork(LabelWork):
    """Sets annotations of one object; parameters as those of labels."""

    ACTION = "annotate"


def problem_of(values: Mapping[str, str | None], *, labels: bool) -> str:
    """Return why these cannot be set, or nothing."""
    if not values:
        return "nothing is to be set"
    for key, value in values.items():
        if not _KEY.fullmatch(key):
            return f"{key!r} is no key: write [PREFIX/]NAME"
        if labels and value is not None and not _VALUE.fullmatch(value):
            return f"{value!r} is no label's value: at most 63 letters, digits, and inner - _ ."
    return ""


def read_pairs(words: Sequence[str]) -> dict[str, str | None]:
    """Read `KEY=VALUE` and `KEY-`; ValueError for anything else."""
    values: dict[str, str | None] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key:
            values[key] = value
        elif not equals and len(word) > 1 and word.endswith("-"):
            values[word[:-1]] = None
        else:
            raise ValueError(f"not understood: {word}; write KEY=VALUE, or KEY- to remove it")
    return values
