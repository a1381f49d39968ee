"""All rules before a run, in the order they are shown."""

from __future__ import annotations

from backends.model.preflight.cluster import cluster_findings
from backends.model.preflight.facts import PreflightFacts
from backends.model.preflight.helper_vm import helper_vm_findings
from backends.model.preflight.stamp import stamp_findings
from backends.model.preflight.versions import version_findings
from backends.model.proposal import Finding


def preflight(facts: PreflightFacts) -> tuple[Finding, ...]:
    """Answer every rule that applies to the command."""
    return (
        *version_findings(facts), *cluster_findings(facts), *stamp_findings(facts), *helper_vm_findings(facts)
    )  # fmt: skip
