"""Dagster resources: shells that build adapters from typed settings."""
