"""aks-engine on one stamp's helper VM: what it is, what it offers, its api model, and the jobs it is given."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from backends.aks_engine.api_model import read_api_model
from backends.aks_engine.commands import api_model_path, command_line, engine_words, environment_lines
from backends.aks_engine.job_script import job_script
from backends.aks_engine.look import look_at
from backends.aks_engine.remote import Ran, RunsCommands, run_script, shown
from backends.aks_engine.vm_paths import folder_of, shell_words
from backends.clock import Clock
from backends.errors import Forbidden, Invalid, Malformed, NotFound, SourceError
from backends.model.azure_stack import AzureStackAccess
from backends.model.engine.api_model import ApiModel
from backends.model.engine.command import Deploy, EngineCommand, parameters_of
from backends.model.engine.releases import parse_version, version_key
from backends.model.engine.vm_facts import VmFacts
from backends.model.job import ForeignProcess, JobRequest

_RELEASE = re.compile(r"v?\d+\.\d+\.\d+[\w.+-]{0,40}")


class FindsForeign(Protocol):
    """The part of the VM's jobs that a look needs."""

    async def foreign(self, folder: str) -> Sequence[ForeignProcess]:
        """Engines at work on an api model in this folder that are no job of ours."""
        ...


class AksEngine:
    """aks-engine as one stamp's configuration names it. Calls raise only StampdeckError."""

    def __init__(
        self, vm: RunsCommands, arm: AzureStackAccess | None, clock: Clock, jobs: FindsForeign | None = None
    ) -> None:
        self._vm = vm
        self._arm = arm
        self._clock = clock
        self._jobs = jobs
        self._version = ""

    async def version(self) -> str:
        """Return its release, such as `v0.85.0`; NotFound when there is no such program."""
        ran = await self._ask(["version", "-o", "json"], "the engine's version could not be read")
        document = _json_of(ran.output)
        release = str(document.get("GitTag", "")) if isinstance(document, Mapping) else ""
        if _RELEASE.fullmatch(release) is None:
            # What was built by hand has no tag; very old ones have no JSON.
            found = re.search(rb"Version: (v?\d[\w.+-]{0,40})", ran.output)
            release = found[1].decode() if found else ""
        if not release:
            raise self._malformed("the engine's version could not be read", ran)
        self._version = release
        return release

    async def offered(self, current: str) -> tuple[str, ...]:
        """Return the versions it would upgrade this one to, oldest first; Invalid when it does not know this one."""
        if parse_version(current) is None:
            raise Invalid(f"{current!r} is no version", why="three numbers are needed", stamp=self._vm.stamp)
        what = f"what the engine offers a cluster of {current} could not be read"
        words = ["get-versions", "--azure-env", "AzureStackCloud", "--version", current, "-o", "json"]
        ran = await self._run(words, what)
        if ran.status and "is not supported" in ran.errors:
            todo = "use the engine that made the cluster, or a newer one"
            raise Invalid(f"the engine does not know {current}", why=ran.errors[:200], todo=todo, stamp=self._vm.stamp)
        self._check_status(ran, what)
        document = _json_of(ran.output)
        entries = document.get("orchestrators") if isinstance(document, Mapping) else None
        if not isinstance(entries, list):
            raise self._malformed(what, ran)
        return tuple(sorted(set(_upgrades(entries, current)), key=version_key))

    async def api_model(self) -> ApiModel:
        """Read the cluster's api model; nothing secret comes out of this."""
        return await read_api_model(self._vm)

    async def look(self, *, probe: bool = True) -> VmFacts:
        """Look at the VM; `probe` also asks ARM, the login and the Kubernetes API from there."""
        facts = await look_at(self._vm, self._arm, self._clock, probe=probe)
        access = self._vm.access
        if self._jobs is None or not access.api_model:
            return facts
        try:
            foreign = await self._jobs.foreign(folder_of(access.api_model))
        except NotFound:
            # Without the folder nothing can be at work in it; that it is missing is the api model's own finding.
            foreign = ()
        return dataclasses.replace(facts, foreign=tuple(foreign))

    def shown(self, command: EngineCommand, model: ApiModel | None) -> str:
        """Return the command line as a person would type it, without a secret; UsageError when it is refused."""
        return command_line(command, model, self._vm.access, self._arm, self._vm.stamp).shown

    def job(self, command: EngineCommand, model: ApiModel | None, number: str, who: str) -> JobRequest:
        """Return the job that carries it out; UsageError when aks-engine would refuse it.

        It copies the api model aside first, mends the modes of its folder, and holds that folder's lock; a deployment
        holds that of the folder its api model is in, for there is no other yet.
        """
        vm = self._vm.access
        line = command_line(command, model, vm, self._arm, self._vm.stamp)
        file = "" if isinstance(command, Deploy) else api_model_path(vm, self._vm.stamp)
        meta = {
            "who": who,
            "stamp": self._vm.stamp,
            "operation": command.WORD,
            "parameters": parameters_of(command),
            "argv": list(line.argv),
            "command": line.shown,
            "api_model": file,
            "api_model_sha256": model.sha256 if model else "",
            "engine": self._version,
        }
        lock = folder_of(file or command_model(command))
        return JobRequest(number, job_script(line, vm, file, number), lock, meta)

    async def _ask(self, words: Sequence[str], what: str) -> Ran:
        ran = await self._run(words, what)
        self._check_status(ran, what)
        return ran

    async def _run(self, words: Sequence[str], what: str) -> Ran:
        call = shell_words([*engine_words(self._vm.access), *words])
        lines = ['cd -- "$HOME"', *environment_lines(self._vm.access), call]
        return await run_script(self._vm, lines, what=what)

    def _check_status(self, ran: Ran, what: str) -> None:
        if ran.status == 0:
            return
        engine, stamp = self._vm.access.engine, self._vm.stamp
        error: SourceError
        if ran.status == 127:
            todo = "install it there, or correct helper_vm.engine in fleet.yaml"
            error = NotFound(f"there is no {engine} on the helper VM", why=ran.errors[:200], todo=todo, stamp=stamp)
        elif ran.status == 126:
            error = Forbidden(f"{engine} cannot be run on the helper VM", why=ran.errors[:200], stamp=stamp)
        else:
            error = Malformed(what, why=f"{engine} ended with {ran.status}: {ran.errors[:200]}", stamp=stamp)
        raise error

    def _malformed(self, what: str, ran: Ran) -> Malformed:
        said = shown(ran.output)[:200] or ran.errors[:200] or "nothing"
        return Malformed(what, why=f"{self._vm.access.engine} said: {said}", stamp=self._vm.stamp)


def command_model(command: EngineCommand) -> str:
    """Return the api model file a deployment starts from; empty for what works on a cluster."""
    return command.model if isinstance(command, Deploy) else ""


def _upgrades(entries: Sequence[Any], current: str) -> list[str]:
    """Return the versions offered to one; entries of another shape, as a newer engine may print, say nothing."""
    found = []
    for entry in entries:
        if not isinstance(entry, Mapping) or entry.get("orchestratorVersion") != current:
            continue
        offered = entry.get("upgrades")
        for each in offered if isinstance(offered, list) else []:
            version = each.get("orchestratorVersion") if isinstance(each, Mapping) else None
            if isinstance(version, str) and parse_version(version) is not None:
                found.append(version)
    return found


def _json_of(output: bytes) -> Any:
    """Return the JSON document in an output, which other lines may stand before; None when there is none."""
    text = output.decode("utf-8", "replace")
    start = text.find("{")
    if start < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(text[start:])[0]
    except (ValueError, RecursionError):
        return None
