"""How a strategy's trades were specified to be entered and left."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TradeRules:
    """What a backtest of the strategy does unless it is told otherwise. The defaults leave it to the live lifecycle.

    :param targets: R multiple and share of the position per take profit, nearest first; the stop moves to
        break-even at the first, and what they leave runs until the stop or the strategy's own exit.
        Empty means the live lifecycle.
    :param next_bar_exit: leave at the first close at which the MACD histogram has not moved in favour.
    :param entry_levels: entries that make up one position.
    :param entry_valid_bars: bars for which a resting entry waits.
    """

    targets: tuple[tuple[float, float], ...] = ()
    next_bar_exit: bool = False
    entry_levels: int = 1
    entry_valid_bars: int = 1
