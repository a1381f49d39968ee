"""What the collecting of the machines' logs says."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.engine.progress import Phase
from backends.model.fleet import Severity

MESSAGES = (
    *table(
        (
            ("gl_node", "Processing node: <node>"),
            ("gl_upload", "Uploading <node> logs"),
        ),
        phase=Phase.COLLECTING,
    ),
    *table((("gl_misc", "Collecting logs from control plane<what…>"),)),
    *table((("gl_upload", "Error uploading <node> logs"),), phase=Phase.COLLECTING, severity=Severity.WARNING),
    *table(
        (
            ("gl_misc", "Treating node<what…>"),
            ("gl_misc", "Skipping <what…>"),
            ("gl_misc", "All nodes skipped<what…>"),
            ("gl_misc", "Error retrieving node list from apiserver<what…>"),
        ),
        severity=Severity.WARNING,
    ),
    *table((("gl_done", "Logs downloaded to <dir>"),), phase=Phase.DONE, severity=Severity.GOOD),
)
