"""Dagster definitions and nothing else: one folder per concept, the same file names in each."""
