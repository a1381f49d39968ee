"""What can be done to workloads, each as one work of the write gate."""
