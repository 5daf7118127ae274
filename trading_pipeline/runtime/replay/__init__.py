"""Replays: a fresh system, history through all of it, and a report."""
