"""Home: every stamp at a glance, the verdict on the service, and what changed."""
