"""The parts of the official client that are used, imported without the rest of it.

`import kubernetes.aio` runs the package's `__init__` first, which imports the whole synchronous client with requests,
urllib3 and oauthlib: 0.1 s of processor time and 10 MiB that nothing here ever uses (measured with 37.0). The loader
of kubeconfigs imports the typed client, and pydantic with it, for two functions that make one: 30 ms more.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple


class OfficialClient(NamedTuple):
    """The classes that read a kubeconfig and make its TLS context."""

    configuration: Any
    loader: Any
    rest: Any


_importing = threading.Lock()


def official_client() -> OfficialClient:
    """Import them; call it in a thread, it takes 0.1 s at first."""
    with _importing:
        return _import_parts()


@cache
def _import_parts() -> OfficialClient:
    with _without_init("kubernetes", "kubernetes.aio"):
        from kubernetes.aio.client import Configuration
        from kubernetes.aio.client.rest import RESTClientObject

        with _without_typed_client():
            from kubernetes.aio.config.kube_config import KubeConfigLoader
    return OfficialClient(Configuration, KubeConfigLoader, RESTClientObject)


@contextmanager
def _without_init(*packages: str) -> Iterator[None]:
    """Let modules of these packages be imported while what the packages' own `__init__` imports is left alone.

    Afterwards the packages count as not imported, so that whoever does import them gets them whole. A package that
    is imported already stays as it is.
    """
    placed = []
    try:
        for name in packages:
            if name not in sys.modules and (spec := importlib.util.find_spec(name)) is not None:
                package = ModuleType(name)
                package.__spec__ = spec
                package.__path__ = list(spec.submodule_search_locations or ())
                sys.modules[name] = package
                placed.append(name)
        yield
    finally:
        for name in placed:
            sys.modules.pop(name, None)


class _LateApiClient:
    """Stands where the typed client is named, and is the typed client for whoever makes one."""

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        return importlib.import_module("kubernetes.aio.client.api_client").ApiClient(*arguments, **options)


@contextmanager
def _without_typed_client() -> Iterator[None]:
    """Let `from kubernetes.aio.client import ApiClient` import nothing, where the client is imported by need."""
    client = importlib.import_module("kubernetes.aio.client")
    if "ApiClient" in vars(client):  # it is there already
        yield
        return
    client.ApiClient = _LateApiClient  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del client.ApiClient
