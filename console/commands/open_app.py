"""Opening the full-screen console."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from console.commands.exits import ExitCode
from screens.output.terminal_settings import terminal_settings

if TYPE_CHECKING:
    from console.commands.chosen import Shell
    from console.settings import Settings
    from console.wiring import Services
    from screens.faults.control import FaultControl


def open_app(shell: Shell, faults: FaultControl | None = None) -> int:
    """Run the console on the chosen stamps until its user leaves, and return the exit code."""
    settings = shell.settings
    names = shell.choose(())
    terminal = terminal_settings(os.environ)
    os.environ.update(terminal.variables)  # Textual reads them when it is imported
    # Until the services open nothing that is made is garbage: 10 ms before the first paint, 100 ms after it.
    gc.disable()
    # 0.16 s of Textual, paid by this command alone.
    from console.app import StampdeckApp
    from console.configuration.keys import refuse_unknown_keys

    refuse_unknown_keys(settings)
    app = StampdeckApp(
        settings.only(names),
        lambda: _open_services(settings, names),
        keys=settings.keys,
        theme=settings.theme,
        ascii_only=not terminal.unicode,
        command=shell.command,
        faults=faults,
    )
    code = app.run()
    return code or app.return_code or ExitCode.WELL


@contextlib.asynccontextmanager
async def _open_services(settings: Settings, stamps: tuple[str, ...]) -> AsyncIterator[Services]:
    """Load and open the services; what is loaded by then is left out of collections, which would halt the screen."""
    from console.wiring import open_services, preload

    try:
        await asyncio.to_thread(preload)
    finally:
        gc.freeze()
        gc.enable()
    async with open_services(settings, stamps=stamps) as services:
        yield services
