"""A console that tells each thing before and after it does it, and waits to be told to go on, or to be killed.

    python -m tests.crash.child CONFIG scale|shrink STAMP REPLICAS | drain STAMP NODE | take-up OPERATION

The services are the real ones; only the calls that leave this process are stepped. Each step is one line on
stdout (`before journal intent`, `after api replace scale`, …), each answer one line on stdin. The last line is
`over` with the outcome's result and words. Without stdin's end nothing here ends by itself.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from backends.errors import SourceError
from backends.model.drain import DrainOptions
from backends.model.proposal import Consent, Outcome
from backends.operations.gate_records import change_of
from backends.operations.node_works.drain import DrainWork
from backends.operations.work import Work
from backends.operations.workload_works.scale import ScaleWork
from backends.operations.works import rebuild
from console.configuration import load_settings
from console.wiring import Services, open_services

STEPPED = ("may", "get", "list_objects", "create", "replace", "patch", "delete", "evict", "room")


def step(words: str) -> None:
    """Tell a step and stand still, the whole process, until the answer comes."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        raise SystemExit("nobody steps this process any more")


class Stepped:
    """Another object, each of whose named calls is a step before and a step after."""

    def __init__(self, inner: Any, calls: tuple[str, ...], name: Callable[..., str]) -> None:
        self._inner = inner
        self._calls = calls
        self._name = name

    def __getattr__(self, call: str) -> Any:
        found = getattr(self._inner, call)
        if call not in self._calls:
            return found

        async def stepped(*args: Any, **options: Any) -> Any:
            words = self._name(call, *args, **options)
            step(f"before {words}")
            try:
                return await found(*args, **options)
            except SourceError as error:
                words = f"{words} failed: {type(error).__name__}"
                raise
            finally:
                step(f"after {words}")

        return stepped


def _api(call: str, *args: Any, **options: Any) -> str:
    """Name a call of the API: the kind, the subresource, and whether it is a trial."""
    about = " ".join(
        str(each) for each in (*args[:2], options.get("subresource", "")) if isinstance(each, str) and each
    )
    return f"api {'try' if options.get('dry_run') else call} {about}"


def _journal(call: str, operation: str, kind: str, *rest: Any) -> str:
    return f"journal {kind}"


async def _planned(services: Services, words: list[str]) -> tuple[Work, str]:
    """Return the work the command line asks for, and the operation it is taken up as, if it is."""
    action, *rest = words
    if action == "take-up":
        (found,) = (each for each in await services.journal.open_operations() if each.operation == rest[0])
        change = change_of(found.intent.stamp, found.intent.data)
        work = rebuild(change, services.everywhere, services._clock)
        assert work is not None
        return work, rest[0]
    cluster = services.everywhere[rest[0]]
    if action == "drain":
        options = DrainOptions(delete_local_data=True)
        return await DrainWork.plan(cluster, rest[1], options, services._clock), ""
    return await ScaleWork.plan(cluster, "deployment", "ratings-web", "default", int(rest[1])), ""


async def run(config: str, words: list[str]) -> Outcome:
    """Carry out one change, confirmed, every rule that would refuse set aside."""
    # What disrupts asks the others, which have to be watched for that.
    async with open_services(load_settings(config), follow_fleet=words[0] != "scale") as services:
        services.__dict__["journal"] = Stepped(services.journal, ("record",), _journal)
        services.everywhere = {
            name: Stepped(each, STEPPED, _api)  # type: ignore[misc]
            for name, each in services.everywhere.items()
        }
        work, operation = await _planned(services, words)
        services.gate.arming.arm()
        proposal = await services.gate.propose(work)
        aside = tuple({each.rule for each in proposal.refusals()})
        consent = Consent(True, (work.change.stamp,), aside, "the test says so" if aside else "")
        runs = services.runs
        started = runs.take_up(work, operation, consent) if operation else runs.start(work, proposal, consent)
        return await started.finished()


def main(main: Coroutine[Any, Any, Outcome]) -> None:
    """Run and tell the outcome."""
    outcome = asyncio.run(main)
    sys.stdout.write(f"over {outcome.result} {outcome}\n")


if __name__ == "__main__":
    main(run(sys.argv[1], sys.argv[2:]))
