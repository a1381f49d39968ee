"""What every command of one start of the program shares."""

from __future__ import annotations

import random
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backends.lab.engine.clock import SimulatedClock
from backends.lab.engine.command_line import Call
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.faults import EngineFaults
from backends.lab.engine.go_text import file_problem
from backends.lab.engine.releases import RELEASES, Release, release
from backends.lab.engine.streams import Streams


@dataclass(frozen=True, slots=True)
class Session:
    """A command line and what it runs with; `dice` is seeded by the lab, so that a run can be had again."""

    call: Call
    clock: SimulatedClock
    streams: Streams
    release: Release
    dice: random.Random
    faults: EngineFaults
    home: str

    @classmethod
    def begin(cls, call: Call, environment: Mapping[str, str]) -> Session:
        """Make a session of a command line and the environment the lab gives every process of its VM."""
        clock = SimulatedClock.from_environment(environment)
        seed = environment.get("AKSE_SIM_SEED")
        name = environment.get("AKSE_SIM_RELEASE")
        return cls(
            call,
            clock,
            Streams(clock, says_debug="debug" in call.given and call.flag("debug")),
            release(name) if name else RELEASES[0],
            random.Random(f"{seed} {call.command.name} {' '.join(call.arguments)}" if seed else None),
            EngineFaults(environment.get("AKSE_SIM_FAULTS", "")),
            str(Path.home()),
        )

    def deployment_suffix(self) -> int:
        """Return the number that makes a deployment's name its own (Go's Int31, seeded by the time)."""
        return random.Random(f"{self.dice.random()} {self.clock.now()}").randrange(1 << 31)

    def write_cloud_profile(self, content: str) -> str:
        """Write the cloud profile to a temporary file that nobody removes, say so, and return its path."""
        path = Path(tempfile.gettempdir()) / f"azurestackcloud.json{secrets.randbelow(1 << 32)}"
        self.streams.info(f"Writing cloud profile to: {path}")
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(content)
        except OSError as error:
            problem = file_problem(error)
            raise EngineFailure(f"error writing custom cloud profile: write {path}: {problem}") from error
        return str(path)
