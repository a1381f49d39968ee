"""The official client is imported in part, and is whole for whoever imports it after us."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
from backends.kubernetes.official import official_client

client = official_client()
assert client.configuration.__module__ == "kubernetes.aio.client.configuration", client
unwanted = {"requests", "oauthlib", "kubernetes.client", "kubernetes", "pydantic", "dateutil"} & sys.modules.keys()
assert not unwanted, unwanted

import kubernetes.aio
assert kubernetes.aio.client.Configuration is client.configuration
assert kubernetes.aio.config.kube_config.KubeConfigLoader is client.loader
assert kubernetes.client.CoreV1Api
assert kubernetes.aio.client.CoreV1Api

made = kubernetes.aio.config.kube_config.ApiClient(configuration=client.configuration())
assert type(made) is kubernetes.aio.client.ApiClient and type(made).__module__ == "kubernetes.aio.client.api_client"
"""
_AFTER_THE_WHOLE = """
import kubernetes.aio
from backends.kubernetes.official import official_client

assert official_client().configuration is kubernetes.aio.client.Configuration
import kubernetes
assert kubernetes.aio.client.Configuration
"""


def test_only_the_used_parts_are_imported_and_the_package_stays_whole_for_others() -> None:
    subprocess.run([sys.executable, "-W", "error::ImportWarning", "-c", _PROGRAM], check=True, timeout=60)


def test_a_package_imported_before_is_left_as_it_is() -> None:
    subprocess.run([sys.executable, "-c", _AFTER_THE_WHOLE], check=True, timeout=60)
