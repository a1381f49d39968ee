"""Opening the full-screen console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.commands.exits import ExitCode
from console.commands.shell import Shell

if TYPE_CHECKING:
    from screens.faults.control import FaultControl


def open_app(shell: Shell, faults: FaultControl | None = None) -> int:
    """Run the console on the chosen stamps until its user leaves, and return the exit code."""
    settings = shell.settings
    names = shell.choose(())
    # 0.16 s of Textual, paid by this command alone.
    from console.app import StampdeckApp
    from console.wiring import open_services

    app = StampdeckApp(
        settings.only(names),
        lambda: open_services(settings, stamps=names),
        keys=settings.keys,
        theme=settings.theme,
        command=shell.command,
        faults=faults,
    )
    code = app.run()
    return code or app.return_code or ExitCode.WELL
