"""By which orders a plan is entered, and what follows where one of them ends short."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.orders import OrderType


@dataclass(frozen=True, slots=True)
class EntryOrder:
    """How an entry meets the book. Of a market order nothing but the type is read.

    :param timeout_s: seconds of venue time after which a limit order without any fill is replaced.
    :param partial_timeout_s: the same since the newest fill of one that filled in part.
    :param max_retries: limit orders that may replace the first.
    :param reprice_bps: basis points of the first price by which each of them gives way.
    :param market_fallback: whether a market order for the rest ends what limits did not fill.
    """

    order_type: OrderType = OrderType.MARKET
    timeout_s: int = 15
    partial_timeout_s: int = 20
    max_retries: int = 2
    reprice_bps: Decimal = Decimal(5)
    market_fallback: bool = True

    def continues(self, attempt: int) -> bool:
        """Whether another order may follow the attempt of this number, 0 for the first."""
        return self.order_type is OrderType.MARKET or attempt < self.max_retries or self.market_fallback

    def overdue(self, *, filled: bool, changed_at: datetime | None, valid_until: datetime, now: datetime) -> str:
        """Why a limit order that rests has to be taken back, empty while it may rest. All times are the venue's.

        :param filled: whether a part of it has filled.
        :param changed_at: when the venue last told of a change, ``None`` while it has told nothing.
        """
        if now > valid_until:
            return "its plan has expired"
        patience_s = self.partial_timeout_s if filled else self.timeout_s
        if changed_at is None or now - changed_at < timedelta(seconds=patience_s):
            return ""
        return f"{'no further fill' if filled else 'no fill'} for {patience_s} s"
