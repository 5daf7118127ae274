"""Tests of the stores, on a real PostgreSQL."""
