"""Reading Kubernetes: one `Cluster` per stamp over the official client, with our own list and watch."""
