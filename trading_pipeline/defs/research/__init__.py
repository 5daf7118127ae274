"""Backtests, parity of live and backtest, calibrations."""
