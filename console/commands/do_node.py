"""`stampdeck do cordon|uncordon|drain NODE…`: what can be done to nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from backends.errors import Refused, StampdeckError
from console.commands.do_running import Asked, action_options, run_action
from console.commands.drawing import complain
from console.commands.shell import Duration, Shell, pass_shell

if TYPE_CHECKING:
    from backends.model.vitals import Vitals
    from backends.operations.work import Work
    from console.wiring import Services

PlanNode = Callable[["Services", str, str], Awaitable["Work"]]
"""Makes the work for one stamp and node."""
Command = TypeVar("Command", bound=Callable[..., Any])


def _of_nodes(command: Command) -> Command:
    """Give a command its nodes and what every action has."""
    decorated: Any = pass_shell(action_options(command))
    result: Command = click.argument("nodes", metavar="NODE...", nargs=-1, required=True)(decorated)
    return result


def _in_turn(shell: Shell, nodes: tuple[str, ...], asked: Asked, plan: PlanNode, pace: _Pace | None = None) -> int:
    """Do it to one node after another, each examined when its turn comes; what does not end well halts the rest.

    With a `pace`, the next one begins when the stamp has recovered from the one before.
    """
    if len(nodes) > 1 and asked.output == "json":
        raise click.UsageError("-o json tells of one change: name one node")
    worst = 0
    for number, node in enumerate(nodes):
        if number and asked.output != "json":
            click.echo()

        async def plan_one(services: Services, stamp: str, node: str = node) -> Work:
            if pace is not None and asked.write.armed and len(nodes) > 1:
                await pace.keep(services, stamp)
            return await plan(services, stamp, node)

        try:
            code = run_action(shell, asked, plan_one)
        except StampdeckError:
            _tell_left(node, nodes[number + 1 :])
            raise
        worst = max(worst, code)
        if code and asked.write.armed:
            _tell_left(node, nodes[number + 1 :])
            return code
    return worst


def _tell_left(node: str, left: tuple[str, ...]) -> None:
    if left:
        complain(f"halted at {node}; not begun: {', '.join(left)}")


class _Pace:
    """Begins the next node only when the stamp is as well as before the first one."""

    def __init__(self) -> None:
        self._before: Vitals | None = None

    async def keep(self, services: Services, stamp: str) -> None:
        """Wait for the stamp to recover; Refused when it does not."""
        from backends.clock import SystemClock
        from backends.model.vitals import Vitals
        from backends.operations.node_works.recovery import RECOVERY_S, recovery, vitals_of

        now = await vitals_of(services.fleet.state, stamp)
        if self._before is None:
            self._before = now
            return
        before, told = self._before, ""

        def worse() -> str:
            return Vitals.of(services.fleet.state.value.stamp(stamp)).regression(before)

        def tell(found: str) -> None:
            nonlocal told
            if found and found != told:
                complain(f"waits until the pods run elsewhere: {found}")
                told = found

        if problem := await recovery(worse, SystemClock(), RECOVERY_S, tell):
            todo = "see what keeps its workloads, then name the nodes that are left"
            raise Refused("the next node is not begun", step="preconditions", why=problem, todo=todo, stamp=stamp)


@click.command()
@_of_nodes
def cordon(shell: Shell, nodes: tuple[str, ...], asked: Asked) -> int:
    """Place no new pod on NODE; what runs there stays."""
    return _in_turn(shell, nodes, asked, lambda services, stamp, node: services.planner.cordon(stamp, node))


@click.command()
@_of_nodes
def uncordon(shell: Shell, nodes: tuple[str, ...], asked: Asked) -> int:
    """Let new pods be placed on NODE again."""
    return _in_turn(shell, nodes, asked, lambda services, stamp, node: services.planner.uncordon(stamp, node))


@click.command()
@click.option("--force", is_flag=True, help="Also pods that no controller makes anew: they are lost for good.")
@click.option("--delete-emptydir-data", is_flag=True, help="Also pods with emptyDir volumes: their data is deleted.")
@click.option(
    "--grace-period",
    type=click.IntRange(min=-1),
    default=-1,
    metavar="SECONDS",
    help="For each pod to end; -1, the default: as each pod itself says.",
)
@click.option("--timeout", type=Duration(), default="30m", show_default=True, help="Give up after this; 0: never.")
@click.option("--at-once", type=click.IntRange(1, 50), default=5, show_default=True, help="How many pods at a time.")
@_of_nodes
def drain(
    shell: Shell,
    nodes: tuple[str, ...],
    force: bool,
    delete_emptydir_data: bool,
    grace_period: int,
    timeout: float,
    at_once: int,
    asked: Asked,
) -> int:
    """Cordon NODE and move its pods to other nodes, within their disruption budgets.

    Without --write the plan is shown: what becomes of every pod, where it can go, what stands in the way. Pods of
    DaemonSets and static pods stay. A budget that blocks is waited for. Several nodes are drained one after another,
    each examined when its turn comes. Ctrl-C stops at a safe point: the node stays cordoned, and what is left is said.
    """

    async def plan(services: Services, stamp: str, node: str) -> Work:
        from backends.model.drain import DrainOptions

        options = DrainOptions(
            force=force,
            delete_local_data=delete_emptydir_data,
            grace_s=None if grace_period < 0 else grace_period,
            timeout_s=timeout,
            at_once=at_once,
        )
        return await services.planner.drain(stamp, node, options)

    return _in_turn(shell, nodes, asked, plan, _Pace())
