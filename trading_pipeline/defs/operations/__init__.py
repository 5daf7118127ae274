"""Keeping the system itself in order."""
