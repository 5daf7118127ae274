"""Backtests as pages and pictures for people."""
