"""aks-engine on the helper VMs: what there is, and the cockpit of one run."""
