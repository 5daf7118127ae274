"""The backtest engine: bars and entry signals in, trades, equity and their proof of soundness out.

Importing this package compiles nothing and does not import numba; ``engine`` and ``sweep`` do.
"""
