"""Logs, merged over pods and stamps."""
