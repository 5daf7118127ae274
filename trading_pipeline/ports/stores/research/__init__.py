"""Backtests, calibrations and what was traded."""
