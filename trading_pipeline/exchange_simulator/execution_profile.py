"""How kind the market is to orders, by name."""

from enum import StrEnum


class ExecutionProfile(StrEnum):
    """``REALISTIC``: orders pay the spread, walk the book that is shown and share the volume that traded.

    ``IDEAL``: every order fills whole at the last price, worse by half spread and slippage where they are given; what
    a backtest counts, too.
    """

    REALISTIC = "realistic"
    IDEAL = "ideal"
