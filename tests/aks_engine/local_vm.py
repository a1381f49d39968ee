"""A helper VM without SSH: what would be run there is run here, by a real shell in a home directory of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from backends.model.azure_stack import AzureStackAccess, EngineCredentials
from backends.model.helper_vm import Finished, HelperVmAccess, SshHop

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
CLIENT = "22222222-3333-4444-8555-666666666666"
MODEL = "~/_output/k8s-orlando/apimodel.json"


def vm_access(**changes: object) -> HelperVmAccess:
    found = {"hop": SshHop("vm.example", "azureuser"), "api_model": MODEL, **changes}
    return HelperVmAccess(**found)  # type: ignore[arg-type]


def arm_access(**changes: object) -> AzureStackAccess:
    found: dict[str, object] = {
        "management": "https://management.orlando.azurestack.external",
        "subscription": SUBSCRIPTION,
        "resource_group": "k8s-orlando",
        "location": "orlando",
        "engine": EngineCredentials(CLIENT, "~/sp/client.pem", "~/sp/key.pem"),
        **changes,
    }
    return AzureStackAccess(**found)  # type: ignore[arg-type]


class LocalVm:
    """Runs commands as an SSH server would: by the account's shell, with nothing of the tests' environment."""

    stamp = "orlando"

    def __init__(self, home: Path, access: HelperVmAccess, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.access = access
        self.noise = b""
        self.commands: list[str] = []
        self.environment = {
            "HOME": str(home),
            "PATH": f"{home}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            **(environment or {}),
        }

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        self.commands.append(command)
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            command,
            cwd=self.home,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(data), timeout_s)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Finished(process.returncode or 0, self.noise + output, errors)


def write_program(home: Path, name: str, script: str) -> Path:
    """Put a program on the machine's PATH."""
    path = home / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def with_path(vm: LocalVm, *folders: str) -> None:
    vm.environment["PATH"] = os.pathsep.join(folders)
