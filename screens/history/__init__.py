"""What was changed from this account, read from the journal."""
