"""The simulated clusters, their application and control."""
