"""How long the connection to a helper VM waits for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, all of them."""

    connect_s: float = 5.0
    """For TCP to a machine; an SSH server that is there answers in a fraction of it."""
    greet_s: float = 20.0
    """For a server that accepted to show its host key: a black hole behind a load balancer accepts, too."""
    login_s: float = 120.0
    """For the login, in which a person may have to find a telephone; OpenSSH's LoginGraceTime is the same."""
    keepalive_s: float = 15.0
    keepalive_count: int = 3
    """Unanswered in a row before the connection counts as lost: noticed within (count + 1) intervals."""
    slot_s: float = 30.0
    """For one of our channels to become free, when all are in use."""
    open_s: float = 20.0
    """For the server to open a channel and start what it is to run."""
    backoff_s: float = 0.1
    backoff_cap_s: float = 5.0
    steady_s: float = 1.0
    """A connection that lived so long proves that the cause of earlier failures is gone."""
    nudged_s: float = 0.5
    """Whoever asks for something while the next attempt is further away than this has it made then."""
    refused_s: float = 60.0
    """Between two logins when the last was refused: accounts are locked after a few."""
