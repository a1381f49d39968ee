"""Our own script did not start the engine: nothing was touched."""

from __future__ import annotations

from backends.aks_engine.log.failures.kind import Kind
from backends.model.engine.progress import Retry

KINDS = (
    Kind(
        "not-copied",
        r"^stampdeck: the api model could not be copied aside",
        "the api model could not be copied aside on the VM, so nothing was started",
        "look at the space and the owner of the api model's folder",
        Retry.AFTER,
    ),
    Kind(
        "secret-unreadable",
        r"^stampdeck: the client secret's file (?P<path>.{1,300}) is (?:missing|empty)",
        "the file {path} with the client secret is missing, empty, or not to be read by this account",
        "put the secret there, mode 0600",
        Retry.AFTER,
    ),
    Kind(
        "secret-open",
        r"^stampdeck: the client secret's file (?P<path>.{1,300}) can be read by others",
        "the file {path} with the client secret can be read by other accounts of the VM",
        "chmod 600 it, and renew the secret",
        Retry.AFTER,
    ),
    Kind(
        "not-installed",
        r"^stampdeck: there is no (?P<engine>.{1,300}) on this machine's PATH",
        "there is no {engine} on the VM",
        "install it, or correct its path in the settings of this stamp",
        Retry.AFTER,
    ),
)
