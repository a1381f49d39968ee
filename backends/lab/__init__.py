"""The embedded servers: a simulated estate behind real protocols on loopback."""
