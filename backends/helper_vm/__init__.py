"""The helper VM over SSH: one shared connection, jobs that outlive it, host keys, files and shells."""
