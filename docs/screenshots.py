"""Make the pictures of the README: the console on a lab of its own, drawn by the application itself.

Run by `make screenshots`. Writes docs/images/*.svg; `tour` or `upgrade` on its command line makes only those.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from backends.lab.control import LabControl
from backends.lab.runner import LabOptions, RunningLab, run_lab
from console.app import StampdeckApp
from console.configuration import load_settings
from console.wiring import open_services

IMAGES = Path(__file__).with_name("images")
SIZE = (120, 34)
WAIT_S = 30.0


async def _until(seen: Callable[[], bool], what: str, wait_s: float = WAIT_S) -> None:
    try:
        async with asyncio.timeout(wait_s):
            while not seen():  # noqa: ASYNC110 - the screen has no event for what it shows
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise SystemExit(f"not seen within {wait_s:.0f} s: {what}") from None


def _text(app: StampdeckApp) -> str:
    """Return what is on the screen, without its layout."""
    bare = re.sub(r"<[^>]+>", " ", app.export_screenshot()).replace("&#160;", " ")
    return " ".join(bare.split())


def _save(app: StampdeckApp, name: str) -> None:
    # The random id of the drawing would make every run a new file in the history; and some viewers drop
    # no-break spaces at the beginning of a text, which plain ones kept by xml:space survive.
    svg = re.sub(r"terminal-\d+", f"terminal-{name}", app.export_screenshot(title="stampdeck"))
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1).replace("&#160;", " ")
    # The lab's folder is another one each time; a path as long as that does not move what stands behind it.
    svg = re.sub(re.escape(f"{tempfile.gettempdir()}/{tempfile.gettempprefix()}") + r"\w{8}", "/home/you/estate", svg)
    (IMAGES / f"{name}.svg").write_text(svg)


async def _tour(app: StampdeckApp, pilot: Pilot[int], control: LabControl) -> None:
    await _until(lambda: "up on 2 of 2" in _text(app), "both stamps up")
    await asyncio.sleep(25)  # for sparklines and a timeline worth a picture
    _save(app, "fleet")
    await control.fault("orlando", "api-down")
    await _until(lambda: "DOWN" in _text(app), "one stamp DOWN")
    await asyncio.sleep(4)
    _save(app, "fleet-down")
    await pilot.press("a")
    await _until(lambda: _text(app).count("Running") > 10, "pods")
    await asyncio.sleep(2)
    _save(app, "pods")
    await control.clear("orlando")
    await pilot.press(*":deploy default", "enter")
    await _until(lambda: "ratings-web" in _text(app), "deployments")
    await pilot.press("slash", *"ratings-web", "enter", "l")
    await _until(lambda: _text(app).count("GET") > 10, "log lines")
    await asyncio.sleep(3)
    _save(app, "logs")
    await pilot.press(*":deploy default @orlando /ratings-web", "enter")
    await _until(lambda: "1 of" in _text(app), "one deployment")
    await pilot.press("W", "s")
    await _until(lambda: "replicas:" in _text(app), "the line for replicas")
    await pilot.press("backspace", "2", "enter")
    await _until(lambda: "by hand" in _text(app), "the plan")
    await asyncio.sleep(6)  # for the notes of arming to go
    _save(app, "change")
    await pilot.press("escape", *":nodes @orlando /linuxpool.*-0", "enter")
    await _until(lambda: "1 of" in _text(app), "one node")
    await pilot.press("r")
    await _until(lambda: "drain with:" in _text(app), "the line for the drain")
    await pilot.press(*"emptydir", "enter")
    await _until(lambda: "evict default/" in _text(app), "the plan of the drain")
    await pilot.press("tab", "enter")
    await _until(lambda: "gone" in _text(app), "a pod that is gone")
    _save(app, "drain")
    await _until(lambda: "succeeded" in _text(app), "the end of the drain")
    await control.fault("seattle", "pods-crashloop")
    await asyncio.sleep(20)
    await pilot.press(*":pods default @seattle /ratings-api", "enter")
    await _until(lambda: "CrashLoopBackOff" in _text(app), "a crash loop")
    await pilot.press("d")
    await _until(lambda: "exit code" in _text(app).lower(), "why")
    await asyncio.sleep(2)
    _save(app, "why")


async def _upgrade(app: StampdeckApp, pilot: Pilot[int], control: LabControl) -> None:
    await _until(lambda: "up on 2 of 2" in _text(app), "both stamps up")
    await pilot.press("u")
    await _until(lambda: "1.34.4" in _text(app), "what the engine offers")
    await pilot.press("W", "u")
    await _until(lambda: "upgrade orlando:" in _text(app), "the line for the version")
    await pilot.press(*"1.34.4", "enter")
    await _until(lambda: "by hand" in _text(app), "the plan")
    await pilot.press("tab", "enter")
    await _until(lambda: "agents linuxpool" in _text(app), "agents at work", 120)
    await _until(lambda: "deleting machine" in _text(app), "a node that was drained", 60)
    _save(app, "upgrade")


Tour = Callable[[StampdeckApp, Pilot[int], LabControl], Awaitable[None]]
TOURS: dict[str, tuple[Tour, dict[str, Any]]] = {
    "tour": (_tour, {}),
    "upgrade": (_upgrade, {"speed": 60.0, "version": "v1.33.10"}),
}


async def main(tour: Tour, options: dict[str, Any]) -> None:
    """Start a lab and a headless console on it, and take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ready: asyncio.Future[RunningLab] = asyncio.get_running_loop().create_future()
        os.environ["STAMPDECK_JOURNAL"] = str(folder / "journal.db")
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        lab = asyncio.create_task(run_lab(LabOptions(directory=folder / "lab", **options), ready.set_result))
        running = await ready
        settings = load_settings(str(running.config))
        app = StampdeckApp(settings.stamps, lambda: open_services(settings))
        async with app.run_test(size=SIZE) as pilot:
            await tour(app, pilot, LabControl.read(running.directory))
        lab.cancel()
        await asyncio.gather(lab, return_exceptions=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or TOURS:
        asyncio.run(main(*TOURS[name]))
