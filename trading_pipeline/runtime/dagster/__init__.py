"""Dagster's own processes, as this system runs them."""
