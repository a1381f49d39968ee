"""How Go writes things: quoted text, durations, and what its network library says when something fails."""

from __future__ import annotations

import errno
import re
import socket
import ssl

_ESCAPED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f",
            "\v": "\\v"}  # fmt: skip
_BARE = re.compile(r"[A-Za-z0-9\-._/@^+]+")


def quoted(text: str) -> str:
    """Return `%q` of a text."""
    return '"' + "".join(_ESCAPED.get(each) or (each if each.isprintable() else _escape(each)) for each in text) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def logfmt_value(text: str) -> str:
    """Return a value as logrus writes it: quoted only when it must be."""
    return text if _BARE.fullmatch(text) else quoted(text)


def duration(seconds: float) -> str:
    """Return `%v` of a duration of whole seconds: `1m0s`, `1h0m0s`, `45s`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{left}s"
    return f"{minutes}m{left}s" if minutes else f"{left}s"


def file_problem(error: OSError) -> str:
    """Return what Go says of a file that could not be read or written.

    A file that may not grow is how the lab fills a disk.
    """
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        return "no space left on device"
    return (error.strerror or "input/output error").lower()


def file_doing(error: OSError, path: str) -> str:
    """Return a whole sentence about a file: what was done with which, and why it failed; `path` if it has no name."""
    problem = file_problem(error)
    doing = "write" if problem.startswith("no space") else "open"
    return f"{doing} {error.filename or path}: {problem}"


def network_error(error: OSError, host: str, port: int) -> str:
    """Return the end of Go's sentence about a connection that failed, by the cause Python gives."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: x509: {_certificate_problem(error)}"
    if isinstance(error, ssl.SSLError):
        return "remote error: tls: handshake failure"
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {host}: no such host"
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {host}:{port}: connect: connection refused"
    if isinstance(error, ConnectionResetError):
        return f"read tcp {host}:{port}: read: connection reset by peer"
    if isinstance(error, TimeoutError):
        return f"dial tcp {host}:{port}: i/o timeout"
    return f"dial tcp {host}:{port}: {(error.strerror or 'unexpected EOF').lower()}"


def _certificate_problem(error: ssl.SSLCertVerificationError) -> str:
    if "expired" in error.verify_message:
        return "certificate has expired or is not yet valid"
    if "mismatch" in error.verify_message or "not valid for" in error.verify_message:
        return "certificate is not valid for the name asked for"
    return "certificate signed by unknown authority"
