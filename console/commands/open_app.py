"""Opening the full-screen console."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from backends.errors import JournalFailed
from console.collecting import collect_young
from console.commands.exits import ExitCode
from screens.output.terminal_settings import terminal_settings

if TYPE_CHECKING:
    from console.app import StampdeckApp
    from console.commands.chosen import Shell
    from console.settings import Settings
    from console.wiring import Services
    from screens.faults.control import FaultControl

_TOLD_S = 15.0
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
        lambda: _open_services(settings, names, app, armed=shell.write),
        keys=settings.keys,
        theme=settings.theme,
        ascii_only=not terminal.unicode,
        command=shell.command,
        faults=faults,
    )
    code = app.run()
    return code or app.return_code or ExitCode.WELL


def _tell(app: StampdeckApp, text: str) -> None:
    """Show something that is no answer to a key for long enough to be read."""
    from backends.model import inert

    shown = "\n".join(inert.line(part) for part in text.split("\n"))
    app.notify(shown, severity="warning", timeout=_TOLD_S, markup=False)


@contextlib.asynccontextmanager
async def _open_services(
    settings: Settings, stamps: tuple[str, ...], app: StampdeckApp, *, armed: bool = False
) -> AsyncIterator[Services]:
    """Load and open the services; what is loaded by then is left out of collections, which would halt the screen.

    `armed`: the console was started to write. Logins that a person has to answer ask on the console.
    """
    from console.wiring import open_services, preload
    from screens.login.prompter import ConsolePrompter

    def tell(text: str) -> None:
        _tell(app, text)

    try:
        await asyncio.to_thread(preload)
    finally:
        gc.freeze()
        gc.enable()
    async with open_services(settings, stamps=stamps) as services:
        services.prompter = ConsolePrompter(app)
        collecting = asyncio.create_task(collect_young(), name="collecting")
        settling = asyncio.create_task(_settle(services, tell, app if armed else None), name="settling")
        try:
            yield services
        finally:
            collecting.cancel()
            settling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await settling


async def _arm(services: Services, tell: Callable[[str], None], app: StampdeckApp) -> None:
    """Arm a console that was started with `--write`, as `W` does; it is told when it cannot be."""
    await services.prepare()
    try:
        await services.gate.armed_periods.begin("by --write at the start")
    except JournalFailed as error:
        tell(f"still read-only: {error}")
    else:
        app.deck.writing.show_armed()


async def _settle(services: Services, tell: Callable[[str], None], armed: StampdeckApp | None) -> None:
    """Once the first rows are there, import what may be asked for next; all of it stays, and is not looked through.

    Then what an ended console left open is compared with the clusters, and told.
    """
    if armed is not None:
        await _arm(services, tell, armed)
    await services.fleet.settled(_FIRST_ROWS_S)
    await services.prepare()
    gc.freeze()
    from console.left_open import tell_left_open

    await tell_left_open(services.reconciliation, tell)
