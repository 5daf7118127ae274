"""What the account holds and has done, as the rules read it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe

PEAK_DAYS = 30
"""UTC days, today included, whose highest equity is the peak that a drawdown is measured from."""
FIVE_MINUTES = timedelta(minutes=5)
MOST_CLOSED = 50
"""Closed trades, newest first, that a streak is counted in."""


@dataclass(frozen=True, slots=True)
class LivePosition:
    """A position that is opening or open.

    :param quantity: base currency, held and on its way in.
    :param price: average entry, the plan's where nothing has filled yet; quote currency like ``stop_price``.
    """

    position_id: str
    instrument_id: InstrumentId
    timeframe: Timeframe
    bias: Bias
    quantity: Decimal
    price: Decimal
    stop_price: Decimal

    @property
    def notional(self) -> Decimal:
        """Quote currency at the entry."""
        return self.quantity * self.price

    @property
    def risk(self) -> Decimal:
        """Quote currency lost at the stop; 0 once the stop is at the entry or beyond."""
        distance = self.price - self.stop_price if self.bias is Bias.LONG else self.stop_price - self.price
        # A gain that a stop has locked in is not set off against what other positions may lose.
        return max(distance, Decimal(0)) * self.quantity


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """When a trade ended (UTC) and what it earned net of fees and funding, settlement currency."""

    closed_at: datetime
    net: Decimal


@dataclass(frozen=True, slots=True)
class Activity:
    """What the account did up to now; entries that are decided and not filled yet count as done.

    :param orders_5m: orders that filled, ``orders_day`` within 24 hours.
    :param turnover_5m: quote currency, ``turnover_day`` since UTC midnight.
    :param last_entry_at: venue time of the newest fill of an entry.
    """

    orders_5m: int
    turnover_5m: Decimal
    orders_day: int
    turnover_day: Decimal
    last_entry_at: datetime | None


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """How the account's trades ended.

    :param closed: newest first, at most ``MOST_CLOSED``.
    :param realised_today: net result of trades closed since UTC midnight, settlement currency.
    :param same_side_at: venue time at which a position of the plan's instrument and side was last closed.
    """

    closed: tuple[ClosedTrade, ...]
    realised_today: Decimal
    same_side_at: datetime | None

    def losses_in_a_row(self, since: datetime) -> tuple[ClosedTrade, ...]:
        """The newest trades up to the one that did not lose, of those closed after ``since`` (UTC); newest first."""
        streak: list[ClosedTrade] = []
        for trade in self.closed:
            if trade.net >= 0 or trade.closed_at <= since:
                break
            streak.append(trade)
        return tuple(streak)


@dataclass(frozen=True, slots=True)
class ProcessingLag:
    """The slowest of the last minutes, wall seconds from the first bar of a close that was heard.

    :param plan_s: to its stored plans; of a wave that is not computed yet, up to now.
    :param order_s: to the acknowledgement of an entry; of one that has none yet, up to now. 0 where none was decided.
    """

    plan_s: Decimal
    order_s: Decimal


@dataclass(frozen=True, slots=True)
class EntryHealth:
    """How entries of the last minutes fared at the venue.

    :param sent: entries whose request left.
    :param failed: of them, those that were refused or lost, or of which the outcome is unknown.
    :param latency_ms: mean time to the acknowledgement of those that got one, 0 where none did.
    """

    sent: int
    failed: int
    latency_ms: Decimal

    @property
    def error_rate(self) -> Decimal:
        """A fraction of what was sent; 0 where nothing was."""
        return Decimal(self.failed) / self.sent if self.sent else Decimal(0)

    def __str__(self) -> str:
        return f"{self.failed} of {self.sent} entries failed, acknowledged after {self.latency_ms:.0f} ms"
