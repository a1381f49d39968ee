"""A console process of its own that follows one job; its last word on standard output tells the job's end."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from backends.clock import SystemClock
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.jobs import VmJobs
from backends.model.helper_vm import HelperVmAccess, SshHop


async def main(host: str, port: int, user: str, key: str, known_hosts: str, number: str, mirror: str) -> None:
    """Follow into the mirror, telling each piece's size."""
    access = HelperVmAccess(SshHop(host, user, port, (Path(key),), agent=False))
    async with HelperVmConnection("east", access, Path(known_hosts), SystemClock()) as vm:
        jobs = VmJobs(vm)
        async for piece in jobs.follow(number, Path(mirror)):
            print(json.dumps({"piece": len(piece)}), flush=True)
        whole = await jobs.is_whole(number, Path(mirror))
        print(json.dumps({"state": (await jobs.status(number)).state, "whole": whole}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
