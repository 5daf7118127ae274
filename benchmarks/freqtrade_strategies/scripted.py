"""What freqtrade does in ``freqtrade_session.py``: open, add, take part of it off, close; long and short in turns.

Orders come from time that has passed and not from prices, so that every kind of order is sent in any session.
"""

from datetime import UTC, datetime

from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy
from pandas import DataFrame

SETTLED_EVERY_S = 8 * 3600
TURN_STEPS = 5
"""So many steps of the session's length are a round: open, add, reduce, close, and be locked."""


class Scripted(IStrategy):
    """Every pair once, and again once its lock is over; each position with its stop at the exchange."""

    INTERFACE_VERSION = 3
    can_short = True
    timeframe = "5m"
    startup_candle_count = 20
    process_only_new_candles = False
    position_adjustment_enable = True
    minimal_roi = {"0": 10.0}  # noqa: RUF012 - freqtrade's own word
    stoploss = -0.2
    order_types = {  # noqa: RUF012
        "entry": "market",
        "exit": "market",
        "stoploss": "market",
        "stoploss_on_exchange": True,
        "stoploss_on_exchange_interval": 5,
    }

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:  # noqa: ARG002
        """None."""
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        """Long in some pairs and short in the others, then the other way round: a side just closed is locked."""
        turn = int(datetime.now(UTC).timestamp() // (TURN_STEPS * self.config["step_seconds"]))
        dataframe["enter_long" if (len(metadata["pair"]) + turn) % 2 else "enter_short"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:  # noqa: ARG002
        """Never: see ``custom_exit``."""
        return dataframe

    def leverage(self, pair: str, current_time: datetime, **_: object) -> float:  # noqa: ARG002
        """Three times."""
        return 3.0

    def confirm_trade_entry(self, pair: str, *_: object, **__: object) -> bool:  # noqa: ARG002
        """Nothing new once the session is told to end."""
        return not self.settles() and datetime.now(UTC).timestamp() < self.config["session_ends"]

    def adjust_trade_position(self, trade: Trade, *_: object, **__: object) -> float | None:
        """Add once, reduce once."""
        if self.settles():
            return None
        steps = self.steps(trade)
        entries, exits = trade.nr_of_successful_entries, trade.nr_of_successful_exits
        if entries == 1 and steps > 1:
            return trade.stake_amount / 2
        if entries == 2 and exits == 0 and steps > 2:
            return -trade.stake_amount / 3
        return None

    def custom_exit(self, pair: str, trade: Trade, *_: object, **__: object) -> str | None:  # noqa: ARG002
        """Close what is old enough."""
        return "old" if self.steps(trade) > 3 and not self.settles() else None

    def settles(self) -> bool:
        """Whether funding is about to be settled, or has just been.

        Fills that it hears of late, because minutes pass while it asks, it would put on the wrong side of that instant.
        """
        past_s = datetime.now(UTC).timestamp() % SETTLED_EVERY_S
        return bool(min(past_s, SETTLED_EVERY_S - past_s) < self.config["step_seconds"] / 3)

    def steps(self, trade: Trade) -> float:
        """How many steps a trade is old."""
        age_s = (datetime.now(UTC) - trade.open_date_utc).total_seconds()
        return float(age_s / self.config["step_seconds"])
