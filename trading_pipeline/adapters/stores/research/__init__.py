"""Backtests, calibrations and what was traded, in PostgreSQL."""
