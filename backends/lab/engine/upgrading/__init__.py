"""The upgrade of a cluster: what there is, the control plane in place, the pools by one machine more."""
