"""Topics that say where things stand: who begins to listen gets a snapshot, and then what has changed since."""

from typing import cast

from trading_pipeline.exchange_simulator.exchange import Exchange, Payload
from trading_pipeline.exchange_simulator.payloads.market import book_payload, price_limits, ticker_payload

Levels = list[list[str]]
DEPTHS = ("1", "50", "200", "1000")
"""Levels a side of the books that are streamed."""
KINDS = ("tickers", "orderbook", "priceLimit")


class Standing:
    """One topic (``tickers.…``, ``orderbook.….…``, ``priceLimit.…``) as it was told last."""

    def __init__(self, exchange: Exchange, topic: str) -> None:
        self._exchange = exchange
        self._topic = topic
        self._kind, *depth, symbol = topic.split(".")
        self._depth = int(depth[0]) if depth else 0
        self._market = exchange.markets[symbol]
        self._price = self._market.last
        self._told_ms = exchange.now_ms
        # Messages of one topic are numbered, by which clients notice what they missed.
        self._number = 1
        self._data = self._present(rose=True)

    def snapshot(self) -> Payload:
        """All of it as it was told last."""
        return self._message("snapshot", self._data)

    def refresh(self) -> Payload | None:
        """Go on to the present; the message for who knows what was told before, ``None`` while the price stays."""
        before, price = self._data, self._market.last
        if price == self._price:
            return None
        rose, self._price, self._told_ms = price > self._price, price, self._exchange.now_ms
        self._number += 1
        self._data = self._present(rose=rose)
        # The best bid and ask alone, and the limits, are always told whole, as at the venue.
        if self._depth == 1 or self._kind == "priceLimit":
            return self.snapshot()
        return self._message("delta", _changes(before, self._data))

    def _present(self, *, rose: bool) -> Payload:
        """Everything there is to say now."""
        if self._kind == "priceLimit":
            return price_limits(self._market)
        half_spread = self._exchange.terms.half_spread_ticks
        if self._kind == "orderbook":
            return book_payload(self._market, self._depth, self._told_ms, half_spread)
        schedule = self._exchange.funding[self._market.instrument.symbol]
        ticker = ticker_payload(self._market, schedule, self._told_ms, half_spread)
        return {**ticker, "tickDirection": "PlusTick" if rose else "MinusTick"}

    def _message(self, kind: str, data: Payload) -> Payload:
        """The venue's frame around it."""
        if self._kind == "priceLimit":
            return {"topic": self._topic, "data": data, "ts": self._told_ms}
        if self._kind == "tickers":
            return {"topic": self._topic, "type": kind, "data": data, "cs": self._number, "ts": self._told_ms}
        book = {**data, "u": self._number, "seq": self._number}
        return {"topic": self._topic, "type": kind, "ts": self._told_ms, "data": book, "cts": self._told_ms}


def _changes(before: Payload, after: Payload) -> Payload:
    """What is another than before, and whose it is."""
    changed: Payload = {}
    for name, value in after.items():
        if isinstance(value, list):
            changed[name] = _changed_levels(cast("Levels", before[name]), cast("Levels", value))
        elif value != before[name] or name in ("s", "symbol"):
            changed[name] = value
    return changed


def _changed_levels(before: Levels, after: Levels) -> Levels:
    """Levels that are new or of another size, and those that are gone with a size of 0."""
    old, new = (dict(cast("list[tuple[str, str]]", levels)) for levels in (before, after))
    gone = [[price, "0"] for price in old if price not in new]
    return [[price, size] for price, size in new.items() if old.get(price) != size] + gone
