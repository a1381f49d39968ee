"""Widgets that draw only what is visible, however many rows or lines are behind it."""
