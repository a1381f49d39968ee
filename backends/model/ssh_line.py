"""The command lines by which OpenSSH's clients would do the same, ready to paste."""

from __future__ import annotations

import shlex

from backends.model.helper_vm import HelperVmAccess, SshHop


def ssh_line(access: HelperVmAccess, behind: SshHop | None = None) -> str:
    """Return the line that opens a shell on the helper VM, or on a machine behind it."""
    hops = (*access.jumps, access.hop, *((behind,) if behind is not None else ()))
    last = hops[-1]
    port = ("-p", str(last.port)) if last.port != 22 else ()
    return shlex.join(("ssh", *_through(hops[:-1]), *port, f"{last.user}@{last.host}"))


def scp_line(access: HelperVmAccess, source: str, target: str) -> str:
    """Return the line that copies a file of ours to a path of the helper VM."""
    hop = access.hop
    port = ("-P", str(hop.port)) if hop.port != 22 else ()
    host = f"[{hop.host}]" if ":" in hop.host else hop.host
    return shlex.join(("scp", *_through(access.jumps), *port, source, f"{hop.user}@{host}:{target}"))


def shown_hop(hop: SshHop) -> str:
    """Return a hop for people: `user@host:port`."""
    return f"{hop.user}@{hop.host}:{hop.port}"


def _through(hops: tuple[SshHop, ...]) -> tuple[str, ...]:
    return ("-J", ",".join(map(shown_hop, hops))) if hops else ()
