"""Prices of a real venue: from one to the next in a straight line, as each is told.

The exchange walks behind the venue. A price that was told now is reached now, and whatever it passed since the one
before is met on the way, in order; between two of them the market stands still.
"""

from decimal import Decimal

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.price_walk import Leg, PriceWalk


class LiveWalk(PriceWalk):
    """Where the price of one symbol is: on the way to the last one that was told, or there."""

    def __init__(self, series: BarSeries, instrument: Instrument) -> None:
        """:param series: bars before now, for the day's figures; the price begins at the last close."""
        super().__init__(series)
        self._instrument = instrument
        price = series.price(int(series.close[-1]))
        self._leg = Leg(series.end_ms - 1, price, series.end_ms, price)

    def aim(self, now_ms: int, price: Decimal, at_ms: int) -> None:
        """Go from where the price is ``now_ms`` to ``price`` (quote currency), and arrive ``at_ms`` (UTC)."""
        self._leg = Leg(now_ms, self.price_at(now_ms), at_ms, self._instrument.round_price(price))

    def price_at(self, now_ms: int, *, opened: bool = False) -> Decimal:  # noqa: ARG002 - no bar opens here
        """The price at ``now_ms`` (UTC), a whole number of ticks."""
        if now_ms >= self._leg.end_ms:
            return self._leg.goal
        if now_ms <= self._leg.begin_ms:
            return self._leg.start
        return self._instrument.round_price(self._leg.price_at(Decimal(now_ms)))

    def leg_from(self, now_ms: int, end_ms: int) -> Leg:
        """The way to the last price that was told; level where it is reached."""
        if now_ms < self._leg.end_ms:
            return self._leg
        return Leg(now_ms, self._leg.goal, end_ms, self._leg.goal)

    def opens_at(self, now_ms: int) -> bool:  # noqa: ARG002 - no bar opens here
        """Never: there is no jump between two bars."""
        return False

    def close_of_last(self, now_ms: int) -> int:
        """Now: nothing is missing before it."""
        return now_ms
