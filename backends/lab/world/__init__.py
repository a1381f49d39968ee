"""The simulated clusters: controllers, nodes and users that change the objects of a store as real ones would."""
