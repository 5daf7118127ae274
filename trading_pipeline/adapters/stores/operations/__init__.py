"""Heartbeats and progress in PostgreSQL."""
