"""aks-engine runs on the stamps' helper VMs: planned, examined, started through the gate, watched by anyone."""
