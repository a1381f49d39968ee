"""The stand-in engine as a real process against a running stamp of the lab, from the home of its helper VM."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends.lab.engine.home import Cluster, ServicePrincipal, write_home
from backends.lab.engine.output import Access
from tests.lab.arm.conftest import SUBSCRIPTION, Stamp, running
from tests.lab.engine.reading import Said, comparable, read, recorded

LAUNCH = "import sys; from backends.lab.engine.__main__ import main; sys.exit(main())"
SECRET_FLAGS = ("--azure-env", "AzureStackCloud", "--client-id", "22222222-3333-4444-8555-666666666666",
                "--subscription-id", SUBSCRIPTION)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: exit code (negative: by a signal), and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> dict[str, list[Said]]:
        """Its messages by stream."""
        return {"O": read(self.out), "E": read(self.err)}

    def agrees_with(self, scenario: str) -> None:
        """Assert that it ended and spoke as the real one did in a recorded run, and named the same kind of error."""
        real = recorded(scenario)
        assert self.code == real["exit"], self.err
        for stream in "OE":
            own, wanted = comparable(self.said[stream]), comparable(real[stream])
            assert own == wanted, "\n".join([*difflib.unified_diff(wanted, own, lineterm=""), self.out, self.err])
        real_error = next((each.names["text"] for each in real["E"] if each.id == "ERROR"), "")
        assert _head(self.error) == _head(real_error)

    def ids(self, stream: str) -> list[str]:
        """Return the ids of one stream."""
        return [each.id for each in self.said[stream]]

    @property
    def error(self) -> str:
        """The text after `Error: `, its first line."""
        return next((each.names["text"] for each in self.said["E"] if each.id == "ERROR"), "")


def _head(error: str) -> str:
    """Return an error without the names, versions and addresses in it."""
    named = r"https?://\S+|_output\S+|k8s-\S+|\d{8}-\S+|\b\d+(?:\.\d+)+\b|DeploymentName.*|error_description.*"
    return re.sub(named, "*", error)


@dataclass(frozen=True, slots=True)
class Stand:
    """A stamp, the home of its helper VM and the environment of its processes."""

    stamp: Stamp
    home: Path
    environment: dict[str, str] = field(repr=False)
    started: list[asyncio.subprocess.Process] = field(default_factory=list)

    @property
    def model_path(self) -> Path:
        """The cluster's api model."""
        return self.home / "_output" / f"k8s-{self.stamp.plan.name}" / "apimodel.json"

    @property
    def model(self) -> dict[str, Any]:
        """What the api model says now."""
        found: dict[str, Any] = json.loads(self.model_path.read_text())
        return found

    @property
    def login(self) -> tuple[str, ...]:
        """Flags that log in with the secret."""
        system = ("--identity-system", "adfs") if self.stamp.arm.identity_system == "adfs" else ()
        return (*SECRET_FLAGS, "--client-secret", self.stamp.arm.engine.secret, *system)

    def fault(self, **faults: str) -> None:
        """Put faults of the engine itself in force, those and no others."""
        named = {name.replace("_", "-"): argument for name, argument in faults.items()}
        Path(self.environment["AKSE_SIM_FAULTS"]).write_text(json.dumps(named))

    async def start(self, *arguments: str, **more: Any) -> asyncio.subprocess.Process:
        """Start the engine; it runs in its home."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", LAUNCH, *arguments, cwd=self.home, env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            **{"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE, **more},
        )  # fmt: skip
        self.started.append(process)
        return process

    async def end_all(self) -> None:
        """End what was started and still runs."""
        for process in self.started:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def run(self, *arguments: str) -> Outcome:
        """Run the engine to its end."""
        process = await self.start(*arguments)
        out, err = await process.communicate()
        assert process.returncode is not None
        return Outcome(process.returncode, out.decode(), err.decode())

    async def watch(self, arguments: Sequence[str], moments: Mapping[str, Callable[[], object]]) -> Outcome:
        """Run the engine and do something as soon as stderr says a text: each moment once."""
        process = await self.start(*arguments)
        assert process.stdout is not None and process.stderr is not None
        reading = asyncio.ensure_future(process.stdout.read())
        waiting, said = dict(moments), []
        async for line in process.stderr:
            said.append(line.decode())
            for text in [each for each in waiting if each in said[-1]]:
                waiting.pop(text)()
        out = await reading
        code = await process.wait()
        assert not waiting, f"never said: {list(waiting)}"
        return Outcome(code, out.decode(), "".join(said))

    async def upgrade(self, version: str, *more: str, group: str = "") -> Outcome:
        """Run `upgrade` of the cluster."""
        return await self.run(*self.upgrading(version, *more, group=group))

    def upgrading(self, version: str, *more: str, group: str = "", login: tuple[str, ...] | None = None) -> list[str]:
        """Return the arguments of `upgrade`."""
        return ["upgrade", "-g", group or f"k8s-{self.stamp.plan.name}", "-l", self.stamp.plan.name, "-k", version,
                "-m", self._model, *(self.login if login is None else login), *more]  # fmt: skip

    async def scale(self, count: int, *more: str, pool: str = "linuxpool", group: str = "") -> Outcome:
        """Run `scale` of a pool."""
        return await self.run(
            "scale", "-g", group or f"k8s-{self.stamp.plan.name}", "-l", self.stamp.plan.name, "-m", self._model,
            "--node-pool", pool, "-c", str(count), *self.login, *more,
        )  # fmt: skip

    @property
    def api_server(self) -> tuple[str, str]:
        """The flag with the cluster's own name."""
        name = self.stamp.plan.name
        return "--apiserver", f"k8s-{name}.{name}.cloudapp.azurestack.external"

    @property
    def _model(self) -> str:
        return str(self.model_path.relative_to(self.home))

    def retag(self, *names: str, version: str = "1.34.4") -> None:
        """Give machines the tag of another version, as those of a run that was broken off have."""
        for machine in list(self.stamp.arm.cloud.inventory.machines):
            if machine.name in names:
                tags = {**machine.tags, "orchestrator": f"Kubernetes:{version}"}
                self.stamp.arm.cloud.retag(machine, tags)

    async def drop(self, *names: str) -> None:
        """Delete machines through the Resource Manager, and their nodes are gone."""
        await asyncio.gather(*(self.stamp.remove(each) for each in names))
        for name in names:
            if "-master-" not in name:
                await self.stamp.until(lambda name=name: self.stamp.node(name) is None, f"{name} is gone")  # type: ignore[misc]

    def nodes(self, seen: Callable[[Mapping[str, Any]], Any]) -> dict[str, Any]:
        """Return what `seen` says of each node, by the end of its name: `linuxpool-3`."""
        found = {}
        for node in self.stamp.store.each("nodes"):
            _, pool, _, index = node["metadata"]["name"].split("-")
            found[f"{pool}-{index}"] = seen(node)
        return dict(sorted(found.items()))

    @property
    def versions(self) -> dict[str, str]:
        """Every node's version."""
        return self.nodes(lambda node: node["status"]["nodeInfo"]["kubeletVersion"])


@contextlib.asynccontextmanager
async def engine_stand(
    folder: Path, *, speed: float = 900.0, adfs: bool = False, seed: int = 1, **planned: Any
) -> AsyncIterator[Stand]:
    """Run a stamp (three masters and three agents of 1.33.10 unless planned otherwise) and make a home for it."""
    planned.setdefault("nodes", 6)
    async with running(folder, speed=speed, adfs=adfs, **planned) as stamp:
        home = folder / "home"
        (home / ".ssh").mkdir(mode=0o700, parents=True)
        (home / ".ssh" / "known_hosts").touch()
        (folder / "tmp").mkdir()
        write_home(home, _described(stamp))
        clock = stamp.world.cluster.clock
        environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TMPDIR": str(folder / "tmp"),
            "SSL_CERT_FILE": str(stamp.arm.authority_file),
            "AKSE_SIM_SPEED": str(speed),
            "AKSE_SIM_EPOCH": repr(clock.started_wall_s),
            "AKSE_SIM_SEED": str(seed),
            "AKSE_SIM_FAULTS": str(folder / "engine-faults.json"),
        }
        stand = Stand(stamp, home, environment)
        try:
            yield stand
        finally:
            await stand.end_all()


def _described(stamp: Stamp) -> Cluster:
    plan, arm, pki = stamp.plan, stamp.arm, stamp.folder.path / "pki"
    access = Access(
        f"https://127.0.0.1:{stamp.api.port}",
        *((pki / f"{plan.name}-{each}").read_bytes() for each in ("ca.crt", "admin.crt", "admin.key")),
    )
    engine = arm.engine
    return Cluster(
        plan.name, f"k8s-{plan.name}", plan.cluster_id, plan.version.removeprefix("v"), plan.masters, plan.agents,
        arm.url, arm.server.login_endpoint, arm.server.audience, arm.identity_system, access,
        ServicePrincipal(engine.client_id, engine.secret, engine.certificate, engine.key),
    )  # fmt: skip
