"""A stamp's snapshot as lines: pure functions from numbers to words, with nothing about the terminal but its width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends.model.age import format_duration
from backends.model.fleet import FleetSnapshot, PodCounts, ProbeSample, StampSnapshot, TimelineEntry, Usage
from backends.model.health import Health
from backends.model.quantity import format_cores, format_memory_short
from screens.glyphs import HEALTH_TONES, SEVERITY_TONES, VERDICT_TONES, Glyphs, is_starting
from screens.lines import Line, cut, line, spread, width_of, wrap
from screens.widgets.sparkline import sparkline

if TYPE_CHECKING:
    from backends.operations.engine.fleet_jobs import GoingRun

BLOCK_LINES = 9
LABEL = 7


def block_lines(
    stamp: StampSnapshot, now: float, width: int, glyphs: Glyphs, going: GoingRun | None = None
) -> list[Line]:
    """Return what a stamp's block says in `BLOCK_LINES` lines of at most `width` cells; a run takes the last one."""
    if stamp.api.is_live or is_starting(stamp.api):
        lines = [
            state_line(stamp, now, width, glyphs),
            nodes_line(stamp),
            pods_line(stamp, now, width),
            workloads_line(stamp),
            trouble_line(stamp),
            *usage_lines(stamp, width, glyphs),
            application_line(stamp, now, width, glyphs),
            requests_line(stamp, width, glyphs),
        ]
    else:
        why = [line(("why    " if not at else " " * LABEL, "dim"), text) for at, text in _said(stamp.api.reason, width)]
        todo = [line(("do     " if not at else " " * LABEL, "dim"), text) for at, text in _said(stamp.api.todo, width)]
        kept = [_dimmed(nodes_line(stamp)), _dimmed(pods_line(stamp, now, width))]
        lines = [
            state_line(stamp, now, width, glyphs),
            *why,
            *todo,
            retry_line(stamp, now),
            *kept,
            application_line(stamp, now, width, glyphs),
            line(label("API"), *_budget(stamp)),
        ]
    if going is not None:
        lines = [*lines[: BLOCK_LINES - 1], run_line(going, width, glyphs)]
    return [cut(each, width, glyphs.more) for each in lines[:BLOCK_LINES]]


def run_line(going: GoingRun, width: int, glyphs: Glyphs) -> Line:
    """Return how far a run of the engine is, as a bar."""
    progress, share = going.progress, going.progress.share
    left = f"  {format_duration(progress.eta_s)} left" if progress.eta_s else ""
    word = (f"{going.word:<{LABEL - 1}} ", "accent")
    if share is None:
        return line(word, (str(progress.phase), "dim"), (left, "dim"))
    said = f" {share * 100:.0f} % {progress.phase}"
    size = max(4, min(20, width - LABEL - len(said) - len(left)))
    full = round(share * size)
    return line(word, (glyphs.full * full, "accent"), (glyphs.empty * (size - full), "dim"), said, (left, "dim"))


def _said(text: str, width: int) -> list[tuple[int, str]]:
    return list(enumerate(wrap(text, width - LABEL, 2)))


def _dimmed(pieces: Line) -> Line:
    return tuple(piece._replace(tone="dim") for piece in pieces)


def label(text: str) -> tuple[str, str]:
    """Return the dim word at the start of a line."""
    return (f"{text:<{LABEL}}", "dim")


def state_line(stamp: StampSnapshot, now: float, width: int, glyphs: Glyphs) -> Line:
    """Return the state of the API, how long or how old, and the version at the right."""
    api = stamp.api
    tone = HEALTH_TONES[api.health]
    if is_starting(api):
        return line((f"{glyphs.off} asking", "dim-strong"))
    word = line((f"{glyphs.health(api.health)} {api.health}", f"{tone}-strong"))
    age = api.age_s(now)
    if api.is_live:
        when = line((f"  confirmed {format_duration(age)} ago" if age is not None else "", "dim"))
    else:
        when = line((f"  for {format_duration(now - api.since)}" if api.since is not None else "", tone))
    return spread((*word, *when), line((stamp.kubernetes_version, "dim")), width)


def retry_line(stamp: StampSnapshot, now: float) -> Line:
    """Return when the next attempt starts and how old the kept numbers are."""
    api = stamp.api
    soon = f"next try in {format_duration(max(0.0, api.retry_at - now))}" if api.retry_at is not None else "trying now"
    age = api.age_s(now)
    kept = "nothing known yet" if age is None else f"numbers are {format_duration(age)} old"
    return line((f"{soon} · {kept}", "warn"))


def nodes_line(stamp: StampSnapshot) -> Line:
    """Return how many nodes are ready."""
    if stamp.nodes_total is None:
        return line(label("nodes"), ("–", "dim"))
    ready, total = stamp.nodes_ready or 0, stamp.nodes_total
    tone = None if ready == total and total else "bad-strong"
    cordoned = f"  {stamp.nodes_cordoned} cordoned" if stamp.nodes_cordoned else ""
    return line(label("nodes"), (f"{ready}/{total} ready", tone), (cordoned, "warn"))


_POD_WORDS = (
    ("failing", "failing", "fail", "bad-strong"),
    ("not_ready", "not ready", "not rdy", "warn"),
    ("pending", "pending", "pend", "warn"),
    ("terminating", "terminating", "term", "dim"),
    ("running", "running", "run", ""),
    ("finished", "completed", "done", "dim"),
)


def pods_line(stamp: StampSnapshot, now: float, width: int) -> Line:
    """Return pods by state, what is wrong first, and how old the numbers are where pods are counted, not watched.

    Shorter words are taken where there is no room; the age is never what is left out.
    """
    if stamp.pods is None:
        return line(label("pods"), ("–", "dim"))
    long, short = _pod_pieces(stamp.pods, short=False), _pod_pieces(stamp.pods, short=True)
    if stamp.pods_counted_at is None:
        made = [line(label("pods"), *pieces) for pieces in (long, short)]
    else:
        age = format_duration(max(0.0, now - stamp.pods_counted_at))
        said, brief = (f"  counted {age} ago", "dim"), (f"~{age}  ", "dim")
        made = [line(label("pods"), *long, said), line(label("pods"), *short, said), line(label("pods"), brief, *short)]
    return next((each for each in made if width_of(each) <= width), made[-1])


def _pod_pieces(pods: PodCounts, short: bool) -> list[tuple[str, str | None]]:
    pieces: list[tuple[str, str | None]] = []
    for name, long_word, short_word, tone in _POD_WORDS:
        count = getattr(pods, name)
        if count or name == "running":
            gap = "  " if pieces else ""
            pieces.append((f"{gap}{count} {short_word if short else long_word}", tone))
    return pieces


def workloads_line(stamp: StampSnapshot) -> Line:
    """Return how many workloads have all they ask for."""
    if stamp.workloads_total is None:
        return line(label("apps"), ("–", "dim"))
    ready, total = stamp.workloads_ready or 0, stamp.workloads_total
    return line(label("apps"), (f"{ready}/{total} workloads ready", None if ready == total else "warn-strong"))


def trouble_line(stamp: StampSnapshot) -> Line:
    """Return restarts and warning events of the last fifteen minutes."""
    if stamp.restarts_15m is None and stamp.warnings_15m is None:
        return line(label("15 min"), ("–", "dim"))
    restarts, warnings = stamp.restarts_15m or 0, stamp.warnings_15m or 0
    if not restarts and not warnings:
        return line(label("15 min"), ("no restarts, no warnings", "dim"))
    return line(
        label("15 min"),
        (f"{restarts} restart{'s' if restarts != 1 else ''}", "warn" if restarts else None),
        "  ",
        (f"{warnings} warning{'s' if warnings != 1 else ''}", "warn" if warnings else None),
    )


def usage_lines(stamp: StampSnapshot, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the CPU and memory bars, or why there are none."""
    usage = stamp.usage
    if usage is None:
        source = stamp.sources.get("metrics")
        said = "–" if source is None or source.health is Health.LIVE else f"no numbers: metrics {source.health}"
        return [line(label("cpu"), (said, "dim")), line(label("memory"), (said, "dim"))]
    return [
        bar("cpu", usage.cpu_used_millicores, usage.cpu_allocatable_millicores, _cores(usage), width, glyphs),
        bar("memory", usage.memory_used_bytes, usage.memory_allocatable_bytes, _memory(usage), width, glyphs),
    ]


def _cores(usage: Usage) -> str:
    return f"{format_cores(usage.cpu_used_millicores)}/{format_cores(usage.cpu_allocatable_millicores)}"


def _memory(usage: Usage) -> str:
    return f"{format_memory_short(usage.memory_used_bytes)}/{format_memory_short(usage.memory_allocatable_bytes)}"


def bar(title: str, used: int, of: int, words: str, width: int, glyphs: Glyphs) -> Line:
    """Return a labelled bar with its percentage and absolute numbers."""
    share = used / of if of else 0.0
    cells = max(6, min(32, width - LABEL - 22))
    filled = min(cells, round(share * cells))
    tone = "bad" if share >= 0.9 else "warn" if share >= 0.75 else "good"
    return line(
        label(title),
        (glyphs.full * filled, tone),
        (glyphs.empty * (cells - filled), "dim"),
        (f" {share:4.0%}", None if tone == "good" else f"{tone}-strong"),
        (f"  {words}", "dim"),
    )


def application_line(stamp: StampSnapshot, now: float, width: int, glyphs: Glyphs) -> Line:
    """Return the application's last answer and its latencies as a sparkline."""
    if not stamp.probes:
        said = "not asked" if stamp.application.health is Health.OFF else "asking"
        return line(label("answer"), (said, "dim"))
    last = stamp.probes[-1]
    words = _answer(last, stamp.name, glyphs)
    left = line(label("answer"), *words)
    room = min(32, width - width_of(left) - 2)
    if room < 4:
        return left
    values = [sample.latency_s if sample.ok else None for sample in stamp.probes]
    return (*left, *line("  ", (sparkline(values, room, ascii_only=glyphs.full == "#"), "name")))


def answer_pieces(stamp: StampSnapshot, glyphs: Glyphs) -> list[tuple[str, str | None]]:
    """Return the application's last answer in a few words."""
    if not stamp.probes:
        return [("not asked" if stamp.application.health is Health.OFF else "asking", "dim")]
    return _answer(stamp.probes[-1], stamp.name, glyphs)


def _answer(last: ProbeSample, stamp: str, glyphs: Glyphs) -> list[tuple[str, str | None]]:
    if last.ok:
        latency = "" if last.latency_s is None else f" in {last.latency_s * 1000:.0f} ms"
        other = f" from {last.served_by}!" if last.served_by and last.served_by != stamp else ""
        return [(f"{glyphs.good} {last.status or 'ok'}", "good"), (latency, None), (other, "warn-strong")]
    status = str(last.status or "no answer")
    said = last.reason if last.reason.startswith(status) else f"{status} {last.reason}".rstrip()
    return [(f"{glyphs.down} ", "bad-strong"), (said, "bad-strong")]


def requests_line(stamp: StampSnapshot, width: int, glyphs: Glyphs) -> Line:
    """Return what we ask of this API, and any source that is not well although the API is."""
    ill = [(name, state) for name, state in stamp.sources.items() if state.is_degraded and name != "application"]
    if ill:
        name, state = ill[0]
        more = f" (+{len(ill) - 1})" if len(ill) > 1 else ""
        said = line((f"{glyphs.warn} {name} {state.health}{more}", "warn"), (f" {state.reason}", "dim"))
        return spread(said, line(_throttled(stamp)), width) if stamp.throttled_15m else said
    return line(label("API"), *_budget(stamp))


def _budget(stamp: StampSnapshot) -> list[tuple[str, str]]:
    """What we cost this API, and how often it asked us to slow down (429) in the last fifteen minutes."""
    asked = (f"{stamp.requests_per_minute} requests/min", "dim")
    return [asked, ("  ", "dim"), _throttled(stamp)] if stamp.throttled_15m else [asked]


def _throttled(stamp: StampSnapshot) -> tuple[str, str]:
    return (f"{stamp.throttled_15m} throttled (429)", "warn")


def verdict_line(fleet: FleetSnapshot, failure: str, width: int, glyphs: Glyphs) -> Line:
    """Return the one line about the service."""
    if failure:
        return cut(line((f"{glyphs.down} NOT STARTED  ", "bad-strong"), failure), width, glyphs.more)
    verdict = fleet.verdict
    word = str(verdict.level).upper()
    tone = f"{VERDICT_TONES[verdict.level]}-strong"
    return cut(line((f"{glyphs.verdict(verdict.level)} {word}  ", tone), (verdict.text, "strong")), width, glyphs.more)


def timeline_line(entry: TimelineEntry, clock: str, names: int, width: int, glyphs: Glyphs) -> Line:
    """Return one entry: when, where, how loud, what, in words; `names` is the width of the stamp column."""
    tone = SEVERITY_TONES[entry.severity]
    times = f" ×{entry.count}" if entry.count > 1 else ""
    subject = "" if entry.text.lower().startswith(entry.subject.lower()) else entry.subject
    made = line(
        (f"{clock}  ", "dim"),
        (f"{entry.stamp:<{names}}  ", "name"),
        (f"{glyphs.severity(entry.severity)} ", tone),
        (subject, "strong"),
        "  " if subject else "",
        (entry.text, tone),
        (times, "dim"),
    )
    return cut(made, width, glyphs.more)
