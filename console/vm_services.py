"""The services that work through helper VMs: made when the first VM is asked for, not at the start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.aks_engine.engine import AksEngine
    from backends.azure_stack import StampArmClient
    from backends.clock import Clock
    from backends.helper_vm.connection import HelperVmConnection
    from backends.helper_vm.jobs import VmJobs
    from backends.helper_vm.questions import Prompter
    from backends.journal import SqliteJournal
    from backends.kubernetes import Cluster
    from backends.operations.engine.operations import EngineOperations
    from backends.operations.engine.site import EngineSite
    from console.settings import Settings

NEEDED = (
    "backends.aks_engine.engine",
    "backends.aks_engine.log",
    "backends.azure_stack",
    "backends.helper_vm.connection",
    "backends.helper_vm.jobs",
    "backends.operations.engine.operations",
)
"""The modules that are imported with them: the SSH and HTTP libraries cost 0.3 s, better spent in a thread."""


class VmServices:
    """The part of the services that reaches helper VMs and the stamps' own Resource Managers.

    All by the name of the stamp, of every stamp there is, whichever are watched: what works on one asks the others.
    """

    settings: Settings
    everywhere: Mapping[str, Cluster]
    prompter: Prompter | None = None
    """Who answers what only a person can; set before the first VM is asked for."""
    _clock: Clock

    if TYPE_CHECKING:

        @property
        def journal(self) -> SqliteJournal: ...

    @cached_property
    def helper_vms(self) -> Mapping[str, HelperVmConnection]:
        """The helper VMs there are; each is connected to at its first call, and only once."""
        from backends.helper_vm.connection import HelperVmConnection
        from console.configuration.folders import known_hosts_file

        known, clock = known_hosts_file(), self._clock
        return {
            each.name: HelperVmConnection(each.name, each.helper_vm, known, clock, prompter=self.prompter)
            for each in self.settings.stamps
            if each.helper_vm is not None
        }

    @cached_property
    def jobs(self) -> Mapping[str, VmJobs]:
        """What runs, or ran, on each helper VM."""
        from backends.helper_vm.jobs import VmJobs

        return {name: VmJobs(vm, self._clock) for name, vm in self.helper_vms.items()}

    @cached_property
    def engines(self) -> Mapping[str, AksEngine]:
        """aks-engine on each helper VM."""
        from backends.aks_engine.engine import AksEngine

        access = {each.name: each.azure_stack for each in self.settings.stamps}
        return {name: AksEngine(vm, access[name], self._clock, self.jobs[name]) for name, vm in self.helper_vms.items()}

    @cached_property
    def arms(self) -> Mapping[str, StampArmClient]:
        """The stamps' Resource Managers that the console may read."""
        from backends.azure_stack import StampArmClient

        return {
            each.name: StampArmClient(each.name, each.azure_stack, self._clock)
            for each in self.settings.stamps
            if each.azure_stack is not None and each.azure_stack.reader is not None
        }

    @cached_property
    def sites(self) -> Mapping[str, EngineSite]:
        """The stamps aks-engine can be run for."""
        from backends.operations.engine.site import EngineSite

        return {
            each.name: EngineSite(
                each,
                self.helper_vms[each.name],
                self.jobs[each.name],
                self.engines[each.name],
                self.everywhere[each.name],
                self.arms.get(each.name),
            )
            for each in self.settings.stamps
            if each.name in self.helper_vms
        }

    @cached_property
    def engine(self) -> EngineOperations:
        """Runs of aks-engine: planned, watched, taken up."""
        from backends.aks_engine.log import EngineLog, explain_exit
        from backends.operations.engine.operations import EngineOperations
        from backends.operations.engine.watch import EngineWatches
        from console.configuration.folders import job_logs_folder

        watches = EngineWatches(job_logs_folder(), self._clock, EngineLog, explain_exit)
        return EngineOperations(self.sites, watches, self.journal, self._clock)

    async def close_vms(self) -> None:
        """Stop watching and close the connections; what runs on the VMs is left to itself."""
        if "engine" in vars(self):
            await self.engine.close()
        for each in vars(self).get("arms", {}).values():
            await each.aclose()
        for each in vars(self).get("helper_vms", {}).values():
            await each.aclose()
