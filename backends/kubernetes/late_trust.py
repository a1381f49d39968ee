"""The HTTP client, imported without the machine's trust store being read for nothing.

aiohttp makes two TLS contexts when it is imported, and reads the bundle of public authorities for each: 50 ms of a
start where the bundle is one file (measured with aiohttp 3.14, OpenSSL 3.0). Clusters name their own authority, so
neither is used here; whoever uses one (an OpenID provider, a cloud's API) has the bundle read at that moment.
"""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class LateTrust(ssl.SSLContext):
    """A TLS context that reads the trust store with its first connection, and is an ordinary one from then on."""

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        return self._with_trust().wrap_bio(*arguments, **options)

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        return self._with_trust().wrap_socket(*arguments, **options)

    def _with_trust(self) -> ssl.SSLContext:
        self.__class__ = ssl.SSLContext  # type: ignore[assignment]
        self.set_default_verify_paths()
        return self


@contextmanager
def reading_trust_late() -> Iterator[None]:
    """Let this thread make TLS contexts that trust what the machine trusts, without reading now what that is."""
    importer = threading.get_ident()
    made: list[ssl.SSLContext] = []
    read_now = ssl.SSLContext.set_default_verify_paths

    def read_later(self: ssl.SSLContext) -> None:
        if threading.get_ident() == importer:
            made.append(self)
        else:
            read_now(self)

    ssl.SSLContext.set_default_verify_paths = read_later  # type: ignore[method-assign]
    try:
        yield
    finally:
        del ssl.SSLContext.set_default_verify_paths  # the one it inherits is in effect again
        for context in made:
            context.__class__ = LateTrust


if "aiohttp" not in sys.modules:
    with reading_trust_late():
        import aiohttp  # noqa: F401
