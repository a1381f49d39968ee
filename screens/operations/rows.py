"""Stamps with their engines, and the jobs of their helper VMs, as rows."""

from __future__ import annotations

from collections.abc import Iterable

from backends.model.age import format_duration
from backends.model.engine.command import command_of
from backends.model.engine.plan_words import summary_of
from backends.model.health import Health, SourceState
from backends.model.job import JobState, JobStatus
from backends.model.table import Row
from backends.operations.engine.sites_view import SiteStatus
from screens.glyphs import HEALTH_TONES, Glyphs, is_starting
from screens.simple_table import text_columns, text_row
from screens.widgets.columns import TableColumn

SITE_TITLES = ("STAMP", "HELPER VM", "ENGINE", "KUBERNETES", "RUNNING", "POOLS", "UPGRADES TO")
JOB_TITLES = ("STATE", "STAMP", "OPERATION", "WHO", "BEGUN", "TOOK", "EXIT", "JOB")

JOB_TONES: dict[JobState, str] = {
    JobState.RUNNING: "accent",
    JobState.STARTING: "accent",
    JobState.DRAINING: "warn",
    JobState.UNSUPERVISED: "warn",
    JobState.EXITED: "good",
    JobState.REFUSED: "warn",
    JobState.NEW: "dim",
}
_JOB_KEY = len(JOB_TITLES) * 2
"""Where a job's row keeps its command's word, behind the texts and their tones."""


def site_columns() -> list[TableColumn]:
    """Return the columns of stamps."""
    return text_columns(SITE_TITLES, long=("POOLS", "UPGRADES TO", "HELPER VM"))


def job_columns() -> list[TableColumn]:
    """Return the columns of jobs."""
    return text_columns(JOB_TITLES, long=("OPERATION",))


def site_row(name: str, host: str, status: SiteStatus | None, state: SourceState, glyphs: Glyphs) -> Row:
    """Return one stamp's engine; what is not known is `?`."""
    tone = HEALTH_TONES[state.health]
    if is_starting(state):
        link, tone = ("asking", "dim")
    else:
        link = host if state.health is Health.LIVE else (state.reason or str(state.health))
    problems = dict(status.problems) if status else {}
    model = status.model if status else None
    pools = f"master {model.masters.count}, " + ", ".join(f"{p.name} {p.count}" for p in model.pools) if model else "?"
    running = ", ".join(each.word for each in status.running) if status else ""
    cells = (
        (name, "accent"),
        (f"{glyphs.health(state.health)} {link}", tone),
        (status.engine if status and status.engine else "?", "bad" if "engine" in problems else None),
        (model.version if model else "?", "bad" if "api model" in problems else None),
        (running or "-", "accent" if running else "dim"),
        (pools, None),
        (" ".join(status.offered) if status and status.offered else "-", "dim"),
    )
    return text_row(name, cells, stamp=name, name=name)


def job_rows(stamp: str, jobs: Iterable[JobStatus], glyphs: Glyphs) -> dict[str, Row]:
    """Return the jobs of one stamp, by stamp and number."""
    rows = {}
    for job in jobs:
        tone = job_tone(job)
        begun = format_duration(max(0.0, job.now - job.started_at)) if job.started_at else "-"
        took = format_duration(max(0.0, (job.ended_at or job.now) - job.started_at)) if job.started_at else "-"
        cells = (
            (f"{job_glyph(job, glyphs)} {job.state}", tone),
            (stamp, "accent"),
            (told(job, stamp), None),
            (str(job.meta.get("who", "")), "dim"),
            (f"{begun} ago" if job.started_at else "-", "dim"),
            (took, "dim"),
            ("-" if job.status is None else str(job.status), "bad" if job.status else "dim"),
            (job.number, "dim"),
        )
        row = text_row(f"{stamp}/{job.number}", cells, stamp=stamp, name=job.number)
        rows[row.uid] = Row(row.uid, row.stamp, row.namespace, row.name, (*row.cells, job.word))
    return rows


def word_in(row: Row) -> str:
    """Return the command's word that a job's row keeps."""
    return str(row.cells[_JOB_KEY])


def told(job: JobStatus, stamp: str) -> str:
    """Return what a job does, by the command that is kept beside it."""
    try:
        return summary_of(command_of(job.meta["parameters"]), stamp, None)
    except (KeyError, TypeError, ValueError):
        return job.word


def job_tone(job: JobStatus) -> str:
    """Return how loudly a job speaks: one that ended badly, or nobody knows how, is bad."""
    if job.state is JobState.EXITED and job.status:
        return "bad"
    return JOB_TONES.get(job.state, "bad")


def job_glyph(job: JobStatus, glyphs: Glyphs) -> str:
    """The picture of a job's state."""
    if not job.state.is_over:
        return glyphs.retrying
    if job.state is JobState.EXITED:
        return glyphs.down if job.status else glyphs.good
    return glyphs.warn
