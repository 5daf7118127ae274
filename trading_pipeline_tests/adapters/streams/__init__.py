"""Streams against a real Redis."""
