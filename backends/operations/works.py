"""The works of the write gate by their action's word, to be made again from what the journal has of a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backends.clock import Clock
from backends.model.change import Change
from backends.operations.batch import BatchWork
from backends.operations.node_works.cordon import CordonWork, UncordonWork
from backends.operations.node_works.drain import DrainWork
from backends.operations.object_works.delete import DeleteWork
from backends.operations.object_works.edit import EditWork
from backends.operations.object_works.evict import EvictWork
from backends.operations.object_works.label import AnnotateWork, LabelWork
from backends.operations.ports import ClusterWriter
from backends.operations.shell import ShellWork
from backends.operations.vm_shell import VmShellWork
from backends.operations.work import Work
from backends.operations.workload_works.autoscale import AutoscaleWork
from backends.operations.workload_works.image import SetImageWork
from backends.operations.workload_works.pausing import PauseWork, ResumeWork
from backends.operations.workload_works.restart import RestartWork
from backends.operations.workload_works.rollback import RollbackWork
from backends.operations.workload_works.scale import ScaleWork

FromChange = Callable[[Change, ClusterWriter, Clock], Work]
"""Makes a work of a change; KeyError, TypeError or ValueError when its parameters are not those of the action."""

WORKS: Mapping[str, FromChange] = {
    BatchWork.ACTION: lambda change, cluster, clock: BatchWork.rebuilt(change, cluster, clock, WORKS),
    ScaleWork.ACTION: ScaleWork.from_change,
    DeleteWork.ACTION: DeleteWork.from_change,
    EvictWork.ACTION: EvictWork.from_change,
    LabelWork.ACTION: LabelWork.from_change,
    AnnotateWork.ACTION: AnnotateWork.from_change,
    EditWork.ACTION: EditWork.from_change,
    RestartWork.ACTION: RestartWork.from_change,
    SetImageWork.ACTION: SetImageWork.from_change,
    PauseWork.ACTION: PauseWork.from_change,
    ResumeWork.ACTION: ResumeWork.from_change,
    RollbackWork.ACTION: RollbackWork.from_change,
    AutoscaleWork.ACTION: AutoscaleWork.from_change,
    CordonWork.ACTION: CordonWork.from_change,
    UncordonWork.ACTION: UncordonWork.from_change,
    DrainWork.ACTION: DrainWork.from_change,
    ShellWork.ACTION: ShellWork.from_change,
    VmShellWork.ACTION: VmShellWork.from_change,
}
"""Every action there is. A work reads what it needs when it is asked, so making one does no input or output."""


def rebuild(change: Change, clusters: Mapping[str, ClusterWriter], clock: Clock) -> Work | None:
    """Return the work of a recorded change; None when this console knows neither its action nor its stamp."""
    make, cluster = WORKS.get(change.action), clusters.get(change.stamp)
    if make is None or cluster is None:
        return None
    try:
        return make(change, cluster, clock)
    except (KeyError, TypeError, ValueError):
        return None
