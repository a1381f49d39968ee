"""What each message means for the run: one table of steps per stretch of the work."""
