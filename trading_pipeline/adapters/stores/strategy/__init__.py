"""Snapshots, signals and plans in PostgreSQL."""
