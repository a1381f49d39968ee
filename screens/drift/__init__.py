"""What is not the same on all stamps."""
