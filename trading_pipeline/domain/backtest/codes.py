"""The small integers that the compiled loop and the Python around it share."""

from enum import IntEnum


class Timing(IntEnum):
    """When a market order that a bar's close decided is filled."""

    BAR_CLOSE = 0
    NEXT_OPEN = 1


class Opposite(IntEnum):
    """What an entry against the open position does."""

    IGNORE = 0
    CLOSE = 1
    REVERSE = 2


class EntriesBy(IntEnum):
    """In which order the entries of one instant are taken."""

    SYMBOL = 0
    SCORE = 1


class OrderKind(IntEnum):
    """How a signal meets the market; ``EXIT`` is a market order that leaves the position."""

    MARKET = 0
    LIMIT = 1
    STOP = 2
    EXIT = 3


class Trail(IntEnum):
    """Where the runner's stop comes from."""

    NONE = 0
    ATR = 1
    PIVOT = 2
    PERCENT = 3


class Smoothing(IntEnum):
    """How the runner's ATR averages true ranges: plain mean, or Wilder's recursion."""

    SIMPLE = 0
    WILDER = 1


class Unit(IntEnum):
    """What a target's distance is counted in: risk units (R), or a fraction of the entry price."""

    R = 0
    PRICE_FRACTION = 1


class Sizing(IntEnum):
    """What fixes the quantity of an entry that brings none."""

    RISK = 0
    CASH_FRACTION = 1
    FIXED_MARGIN = 2


class Amount(IntEnum):
    """What the live sizing model wants under the risk cap: nothing of its own, so much, or a share of what is free."""

    NONE = 0
    FIXED = 1
    SHARE = 2


class Phase(IntEnum):
    """Where inside its bar a fill happened."""

    OPEN = 0
    INSIDE = 1
    CLOSE = 2


class LegKind(IntEnum):
    """What a fill did; the last one of a trade is its exit reason."""

    ENTRY = 0
    ADD = 1
    TAKE_PROFIT = 2
    STOP_LOSS = 3
    BREAK_EVEN = 4
    TRAILING_STOP = 5
    SIGNAL_EXIT = 6
    NEXT_BAR_EXIT = 7
    REVERSAL = 8
    LIQUIDATION = 9
    TIME_EXIT = 10
    END_OF_DATA = 11
    OPPOSITE_SIGNAL = 12
    FUNDING_EXIT = 13

    @property
    def label(self) -> str:
        """Lower-case name for results."""
        return self.name.lower()


class Outcome(IntEnum):
    """What became of one entry signal. Nothing is dropped without one of these."""

    PENDING = 0
    FILLED = 1
    POSITION_OPEN = 2
    MAX_OPEN_POSITIONS = 3
    COOLDOWN = 4
    MAX_DAILY_LOSS = 5
    MAX_DRAWDOWN = 6
    TOO_SMALL = 7
    NO_FREE_MARGIN = 8
    STOP_NOT_PROTECTIVE = 9
    NO_LATER_BAR = 10
    EXPIRED = 11
    CANCELLED = 12
    TOO_MANY_RESTING = 13
    NOTHING_TO_EXIT = 14
    CLOSED_OPPOSITE = 15

    @property
    def label(self) -> str:
        """Lower-case name for results."""
        return self.name.lower()
