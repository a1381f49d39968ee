"""The kubectl command line that does what the console does, ready to paste into any shell."""

from __future__ import annotations

import shlex

from backends.model.stamp import Stamp


def kubectl_line(stamp: Stamp, *words: str, namespace: str | None = None) -> str:
    """Return `kubectl --kubeconfig … --context … [-n …] words…`, quoted for a POSIX shell.

    File and context are always named: the reader's own current context may be of another stamp.
    """
    access = stamp.cluster
    where = ["--kubeconfig", str(access.kubeconfig), "--context", access.context]
    if namespace:
        where += ["-n", namespace]
    return shlex.join(["kubectl", *where, *words])
