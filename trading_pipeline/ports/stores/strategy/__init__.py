"""Snapshots, signals and plans."""
