"""Server-side printing: the columns and cells that a kube-apiserver of a given version shows for each kind."""

from __future__ import annotations

from functools import lru_cache

from backends.lab.kubernetes.catalog import minor_of
from backends.lab.kubernetes.tables import access, cluster, networking, nodes, pods, scaling, storage, workloads
from backends.lab.kubernetes.tables.custom import custom_printer
from backends.lab.kubernetes.tables.generic import GENERIC
from backends.lab.kubernetes.tables.pods import row_conditions
from backends.lab.kubernetes.tables.printer import Cells, ColumnDefinition, Object, Printer, PrinterOf

_PRINTERS: dict[str, PrinterOf] = {
    **pods.PRINTERS,
    **nodes.PRINTERS,
    **workloads.PRINTERS,
    **networking.PRINTERS,
    **scaling.PRINTERS,
    **storage.PRINTERS,
    **access.PRINTERS,
    **cluster.PRINTERS,
}


@lru_cache(maxsize=512)
def printer(resource: str, version: str) -> Printer:
    """Return the printer of a resource, named as the store does (`pods`, `deployments.apps`).

    Metrics are `pods.metrics.k8s.io` and `nodes.metrics.k8s.io`. A kind without one of its own is shown
    by name and creation time.
    """
    found = _PRINTERS.get(resource)
    return found(minor_of(version)) if found else GENERIC


def columns(resource: str, version: str) -> list[ColumnDefinition]:
    """Return the columnDefinitions of a resource's Table on a server of that version."""
    return list(printer(resource, version).columns)


def cells(resource: str, obj: Object, now: float, version: str) -> Cells:
    """Return one row's cells; `now` in seconds since the Unix epoch. For many rows, keep `printer(...).cells`."""
    return printer(resource, version).cells(obj, now)


def conditions(resource: str, obj: Object) -> list[dict[str, str]]:
    """Return the row conditions of an object: a pod that ended has the one named Completed."""
    return row_conditions(obj) if resource == "pods" else []


__all__ = ["Printer", "cells", "columns", "conditions", "custom_printer", "printer"]
