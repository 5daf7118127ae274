"""Indicator snapshots, signals and trade plans."""
