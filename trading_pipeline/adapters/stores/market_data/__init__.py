"""Bars, books, verdicts and waves in PostgreSQL."""
