"""The services by which a person works at helper VMs: shells and files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from console.vm_services import VmServices

if TYPE_CHECKING:
    from backends.helper_vm.files import VmFiles
    from backends.operations.vm_files import VmFileWorks
    from backends.operations.vm_shell import VmShells


class VmHands(VmServices):
    """The part of the services that puts a person at a helper VM."""

    @cached_property
    def vm_shells(self) -> VmShells:
        """Shells on helper VMs and behind them."""
        from backends.operations.vm_shell import VmShells
        from console.configuration.folders import recordings_folder

        records_all = self.settings.record_shells
        return VmShells(self.helper_vms, self.journal, self._clock, recordings_folder(), records_all=records_all)

    @cached_property
    def vm_files(self) -> Mapping[str, VmFiles]:
        """The files of each helper VM."""
        from backends.helper_vm.files import VmFiles

        return {name: VmFiles(vm) for name, vm in self.helper_vms.items()}

    @cached_property
    def vm_file_works(self) -> VmFileWorks:
        """Files brought to helper VMs."""
        from backends.operations.vm_files import VmFileWorks

        return VmFileWorks(self.helper_vms, self.vm_files)
