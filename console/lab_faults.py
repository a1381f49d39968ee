"""The lab's control as the faults screen of a demo needs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backends.lab.control import LabControl
from backends.lab.faults import FAULTS
from console.lab_control import lab_refusals
from screens.faults.control import ActiveFault, KnownFault


class LabFaults:
    """Sets and clears faults of the lab running in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def faults(self) -> Sequence[KnownFault]:
        """Return every fault there is."""
        return [KnownFault(kind.name, kind.meaning, kind.argument) for kind in FAULTS.values()]

    async def status(self) -> Sequence[ActiveFault]:
        """Return the faults in force. StampdeckError when the lab does not answer."""
        with lab_refusals():
            found = await LabControl.read(self._folder).status()
        return [ActiveFault(each.stamp, each.name, each.argument, each.left_s) for each in found.faults]

    async def set(self, stamp: str, name: str, argument: str = "", for_s: float | None = None) -> None:
        """Begin a fault. StampdeckError when the lab refuses or does not answer."""
        with lab_refusals():
            await LabControl.read(self._folder).fault(stamp, f"{name}={argument}" if argument else name, for_s)

    async def clear(self, stamp: str, name: str | None = None) -> None:
        """End one fault of a stamp, or all. StampdeckError when the lab does not answer."""
        with lab_refusals():
            await LabControl.read(self._folder).clear(stamp, name)
