"""What the rotation of the certificates says, in the order of its steps."""

from __future__ import annotations

from backends.aks_engine.log.messages.table import table
from backends.model.engine.progress import Phase
from backends.model.fleet import Severity

MESSAGES = (
    *table(
        (
            ("rc_backup", "Backing up artifacts to directory <dir>"),
            ("rc_generate", "Generating new certificates"),
            ("rc_write", "Writing artifacts to output directory <dir>"),
            ("rc_wait_nodes", "Waiting for cluster nodes readiness: [<machines…>]"),
            ("rc_health", "Checking health of control plane components"),
            ("rc_dist_cp", "Distributing control plane certificates"),
            ("rc_backup_node", "Backing up node certificates"),
            ("rc_rotate_cp", "Rotating control plane certificates"),
            ("rc_reboot", "Rebooting control plane nodes"),
            ("rc_front_proxy", "Rotating front-proxy certificates"),
            ("rc_cleanup", "Deleting temporary artifacts from control plane nodes"),
            ("rc_cleanup", "Deleting temporary artifacts from agent nodes"),
            ("rc_dist_agents", "Distributing agent certificates"),
            ("rc_rotate_agents", "Rotating agents certificates"),
            ("rc_tokens", "Recreating service account tokens"),
            ("rc_kube_system", "Checking health of all kube-system pods"),
            ("rc_artifacts", "Generating new artifacts"),
        ),
        phase=Phase.ROTATING,
    ),
    *table((("rc_done", "Certificate rotation completed"),), phase=Phase.DONE, severity=Severity.GOOD),
    *table(
        (
            (
                "ssh_hostkey_added",
                "Permanently added '<host…>' (<type>) to the list of known hosts (<path…>)",
            ),
        ),
        severity=Severity.WARNING,
    ),
    *table(
        (
            (
                "ssh_hostkey_changed",
                "Strict host key check failed. Remote host identification has changed.",
            ),
            ("rc_kube_system_wait", "waitForKubeSystemReadiness returned an error: <error…>"),
            ("ssh_hostkey_changed", "Key <key…> does not match a key known for host <host…>"),
        ),
        severity=Severity.BAD,
    ),
)
