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

_FIRST_ROWS_S = 10.0
"""How long the rest of a start waits for the stamps to answer."""


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

    if settings.keys:
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
        settling = asyncio.create_task(_settle(services), name="settling")
        try:
            yield services
        finally:
            settling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await settling


async def _settle(services: Services) -> None:
    """Once the first rows are there, import what may be asked for next; all of it stays, and is not looked through."""
    await services.fleet.settled(_FIRST_ROWS_S)
    await services.prepare()
    gc.freeze()
