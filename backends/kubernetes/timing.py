"""How long the Kubernetes client waits for what, in one place, so that tests can make it all short."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations in seconds. Chosen so that a dead API is DOWN, and a recovered one LIVE, within ten seconds."""

    connect_s: float = 3.0
    """For a connection to be made, TLS included; a black hole must not look like a slow server for longer."""
    write_s: float = 35.0
    """For a change to be answered: admission webhooks may take 30 s of it, and giving up leaves the outcome unknown."""
    beat_idle_s: float = 3.0
    """After so long without a byte from the API, it is asked whether it is there."""
    beat_answer_s: float = 2.0
    """A heartbeat answered later than this makes the stamp's data STALE while it is asked on a new connection."""
    reconnect_base_s: float = 0.5
    reconnect_cap_s: float = 4.0
    """Back-off while the API cannot be reached or fails."""
    refused_base_s: float = 1.0
    refused_cap_s: float = 8.0
    """Back-off while the API refuses us (401, 403): only a person changes that, but it must heal by itself."""
    quiet_s: float = 15.0
    """A watch without event or bookmark for so long is asked whether it missed something (see `hearing`)."""
    silence_s: float = 600.0
    """A watch without event or bookmark for so long is listed again, in case that all who answer missed the same."""
    watch_s: float = 360.0
    """How long we ask the server to keep a watch; up to twice that, so that watches do not end together."""
    steady_s: float = 5.0
    """A watch that lived so long proves that the cause of earlier failures is gone."""
    poll_s: float = 15.0
    """Between two lists of a kind that cannot be watched."""
    unserved_s: float = 30.0
    """Between two looks for a kind that a server does not serve."""
    linger_s: float = 30.0
    """How long an unused watch is kept: going back to a table must not list it again."""
    plugin_s: float = 20.0
    """For an exec credential plugin to answer."""
    reload_s: float = 5.0
    """Between two attempts to obtain credentials after one failed or was refused."""
    skew_s: float = 30.0
    """A difference between the API's clock and ours worth telling."""
