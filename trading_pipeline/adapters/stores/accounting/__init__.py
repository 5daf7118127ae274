"""Readings of the account in PostgreSQL."""
