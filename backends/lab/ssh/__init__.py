"""The helper VM of each stamp: an SSH server on loopback with a real shell in a folder of its own."""
