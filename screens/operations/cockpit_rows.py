"""One run as lines and rows: how far it is, each node as the engine and the cluster see it, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backends.model.age import format_duration
from backends.model.engine.progress import EngineProgress, NodeProgress, NodeStep
from backends.model.fleet import StampSnapshot
from backends.model.health import Health, SourceState
from backends.model.job import JobState, JobStatus
from backends.model.proposal import Outcome
from backends.model.table import Row
from backends.operations.engine.live_nodes import LiveNode, NodesView
from screens.fleet.rows import answer_pieces
from screens.glyphs import Glyphs
from screens.lines import EMPTY, Line, line, spread, wrap
from screens.operations.rows import job_glyph, job_tone
from screens.simple_table import text_columns, text_row
from screens.widgets.columns import TableColumn

NODE_TITLES = ("NODE", "POOL", "ENGINE", "FOR", "VERSION", "KUBERNETES", "WHAT")
_STEP_TONES = {
    NodeStep.WAITING: "dim",
    NodeStep.READY: "good",
    NodeStep.GONE: "dim",
    NodeStep.FAILED: "bad",
}
_ENDED = (NodeStep.READY, NodeStep.GONE, NodeStep.FAILED)
_SILENT_S = 60.0
"""From so long a silence on it is worth saying how long is usual."""


def node_columns() -> list[TableColumn]:
    """Return the columns of nodes."""
    return text_columns(NODE_TITLES, long=("WHAT",))


def title_line(summary: str, job: JobStatus, width: int, glyphs: Glyphs) -> Line:
    """Return what is done and how the job is, with its time by the VM's clock."""
    took = ""
    if job.started_at is not None:
        took = format_duration(max(0.0, (job.ended_at or job.now) - job.started_at))
    exit_ = f" {job.status}" if job.state is JobState.EXITED and job.status else ""
    tone = job_tone(job)
    state = line((f"{job_glyph(job, glyphs)} {job.state}{exit_}", f"{tone}-strong" if tone != "accent" else tone))
    return spread(line((summary, "title")), (*state, *line(f"  {took}")), width)


def bar_line(
    progress: EngineProgress, stamp: StampSnapshot | None, width: int, glyphs: Glyphs, *, is_over: bool = False
) -> Line:
    """Return the share of the work as a bar, with phase, machines and what is left; the application at the right."""
    right = line(("application ", "dim"), *answer_pieces(stamp, glyphs)) if stamp is not None else EMPTY
    return spread(_bar(progress, width, glyphs, is_over), right, width)


def _bar(progress: EngineProgress, width: int, glyphs: Glyphs, is_over: bool) -> Line:
    share = progress.share
    machines = [each for each in progress.nodes if each.step in _ENDED]
    counted = f"  {len(machines)} of {len(progress.nodes)} machines" if progress.nodes else ""
    eta = f"  about {format_duration(progress.eta_s)} left" if progress.eta_s and not is_over else ""
    phase = str(progress.phase) + (f" {progress.pool}" if progress.pool else "")
    if share is None:
        return line((phase, "strong"), (counted, "dim"), (eta, "dim"))
    size = max(10, min(40, width // 4))
    full = round(share * size)
    return line(
        (glyphs.full * full, "accent"), (glyphs.empty * (size - full), "dim"), f" {share * 100:3.0f} %  ",
        (phase, "strong"), (counted, "dim"), (eta, "dim"),
    )  # fmt: skip


def step_line(progress: EngineProgress, now: float, link: SourceState, width: int, *, is_over: bool = False) -> Line:
    """Return what goes on now, how long the log has been silent, and whether we are connected."""
    silent = now - progress.last_line_at if progress.last_line_at is not None and not is_over else 0.0
    said = ""
    if silent >= _SILENT_S:
        said = f"  silent for {format_duration(silent)}"
        if progress.step_lasts_s is not None:
            low, high = progress.step_lasts_s
            said += f" (usual: {format_duration(low)} to {format_duration(high)})"
    right = line(("connected", "good"))
    if link.health in (Health.RETRYING, Health.STALE, Health.DOWN):
        right = line(("connection lost: the job runs on", "accent"))
    elif link.is_degraded:
        right = line((link.reason or str(link.health), "bad"))
    step = f"ended at: {progress.step}" if is_over and progress.step and not progress.is_succeeded else progress.step
    return spread(line(step, (said, "warn")), right, width)


def told_lines(
    job: JobStatus,
    progress: EngineProgress,
    nodes: NodesView,
    trouble: str,
    outcome: Outcome | None,
    width: int,
    glyphs: Glyphs,
) -> list[Line]:
    """Return what an operator has to know now: what holds a drain, alarms, the failure with what to do, the outcome."""
    told: list[tuple[str, str]] = []
    if outcome is not None and outcome.is_well:
        told.append((f"{glyphs.good} done: {outcome.why or outcome.what}", "good"))
    if trouble:
        told.append((f"{glyphs.down} not watched any more: {trouble}", "bad"))
    if job.state.is_unknown or job.state is JobState.UNSUPERVISED:
        told.append((f"{glyphs.warn} {_UNKNOWN[job.state]}", "bad"))
    if nodes.held_by and not job.state.is_over:
        held, left = ", ".join(nodes.held_by), ", ".join(nodes.pods_left)
        waits = f"{nodes.focus} is held by {held}: the engine waits up to an hour, then deletes it with {left}"
        told.append((f"{glyphs.warn} {waits}", "warn"))
    told += [(f"{glyphs.warn} {each}", "warn") for each in progress.alarms[-2:]]
    if progress.failures:
        last = progress.failures[-1]
        told.append((f"{glyphs.down} {last.cause}: {last.todo} ({last.retry})", "bad"))
    lines: list[Line] = []
    for text, tone in told:
        lines += [line((part, tone)) for part in wrap(text, width, 2)]
    return lines


_UNKNOWN = {
    JobState.LOST: "nobody knows how it ended: look at nodes, machines and api model before anything else",
    JobState.REBOOTED: "the VM was started again while it ran: look at nodes, machines and api model first",
    JobState.UNSUPERVISED: "it works on, but its exit status will not be known",
}


def node_rows(progress: EngineProgress, view: NodesView, now: float, *, is_over: bool = False) -> dict[str, Row]:
    """Return a row for each machine the run names and each node the cluster has, joined by name."""
    live = {each.name: each for each in view.nodes}
    named = {each.name: each for each in progress.nodes}
    rows: dict[str, Row] = {}
    for name in [*named, *sorted(live.keys() - named.keys())]:
        rows[name] = _node_row(name, named.get(name), live.get(name), view, now, is_over)
    return rows


def _node_row(
    name: str, engine: NodeProgress | None, node: LiveNode | None, view: NodesView, now: float, is_over: bool
) -> Row:
    if is_over and engine is not None and engine.step is NodeStep.JOINING and node is not None and node.is_ready:
        engine = replace(engine, step=NodeStep.READY, note="")  # the engine did not wait for it, the cluster tells
    step = str(engine.step) if engine else "-"
    tone = _STEP_TONES.get(engine.step, "accent") if engine else "dim"
    lasts = ""
    if engine is not None and engine.since is not None and engine.step not in (*_ENDED, NodeStep.WAITING):
        lasts = format_duration(max(0.0, now - engine.since))
    what = engine.note if engine else ""
    if view.focus == name and view.pods_left:
        count = len(view.pods_left)
        left = f"{count} {'pod' if count == 1 else 'pods'} left: {', '.join(view.pods_left)}"
        what = f"{what}; {left}" if what else left
    if engine is not None and engine.is_surge:
        what = f"makes room for the others; {what}" if what else "makes room for the others"
    kubernetes = (node.status if node else "no node", _node_tone(node))
    cells = (
        (name, "strong" if tone == "accent" else None),
        (engine.pool if engine else "-", "dim"),
        (step, tone),
        (lasts, "dim"),
        (node.version.lstrip("v") if node else "-", None),
        kubernetes,
        (what, "bad" if engine is not None and engine.step is NodeStep.FAILED else "dim"),
    )
    return text_row(name, cells, name=name)


def _node_tone(node: LiveNode | None) -> str:
    if node is None:
        return "dim"
    if not node.is_ready:
        return "bad"
    return "warn" if "SchedulingDisabled" in node.status else "good"


def focus_of(nodes: Sequence[NodeProgress]) -> str:
    """Return the node whose pods are worth following: the one being drained."""
    return next((each.name for each in reversed(nodes) if each.step is NodeStep.DRAINING), "")
