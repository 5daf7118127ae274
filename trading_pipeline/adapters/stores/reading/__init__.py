"""Stored records for looking at, in PostgreSQL."""
