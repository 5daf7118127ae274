"""What the public stream says: klines, tickers, trades and books of the topics somebody listens to."""

from collections.abc import Iterable, Iterator

from trading_pipeline.exchange_simulator.exchange import Exchange, Market, Payload
from trading_pipeline.exchange_simulator.hub import Connection, Hub
from trading_pipeline.exchange_simulator.intervals import INTERVALS
from trading_pipeline.exchange_simulator.payloads.klines import forming_row
from trading_pipeline.exchange_simulator.payloads.private import liquidation_entry
from trading_pipeline.exchange_simulator.standing import DEPTHS, KINDS, Standing
from trading_pipeline.exchange_simulator.tape import PublicTrade, recent_trades


class MarketFeed:
    """Turns walked time into messages."""

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self._hub = hub
        self._announced_ms = exchange.now_ms
        self._seen_executions = [len(account.executions) for account in exchange.accounts]
        self._standings: dict[str, Standing] = {}

    def known(self, topic: str) -> bool:
        """Whether the topic can be subscribed to: kind, symbol, and an interval not finer than the base bars."""
        parts = topic.split(".")
        market = self._exchange.markets.get(parts[-1])
        if market is None:
            return False
        if parts[0] in ("tickers", "publicTrade", "priceLimit", "allLiquidation"):
            return len(parts) == 2
        if len(parts) != 3:
            return False
        if parts[0] == "orderbook":
            return parts[1] in DEPTHS
        return parts[0] == "kline" and serves(market, parts[1])

    def announce(self) -> None:
        """Publish what happened since the last time: closed bars in order of time, then where things stand."""
        for _ in self.announcing():
            pass

    def announcing(self) -> Iterator[None]:
        """The same, one topic at a time, for a caller who has other things to do in between."""
        since_ms, until_ms = self._announced_ms, self._exchange.now_ms
        if until_ms == since_ms:
            return
        self._announced_ms = until_ms
        self._liquidations()
        topics = self._hub.topics()
        for close_ms, interval, symbol in _closes(topics, since_ms, until_ms):
            self._closed_bar(interval, symbol, close_ms)
            yield
        for topic in topics:
            if topic.startswith("publicTrade."):
                self._trades(topic, since_ms, until_ms)
            elif topic.startswith(KINDS):
                self._changed(topic)
            yield

    def pulsing(self) -> Iterator[None]:
        """Publish the forming bars, one topic at a time; the venue does so every second or so."""
        for topic in self._hub.topics():
            if topic.startswith("kline."):
                self._hub.publish((topic,), self._forming(topic))
                yield

    def send_snapshot(self, connection: Connection, topic: str) -> None:
        """Send a new subscriber the state that updates refer to."""
        if topic.startswith("kline."):
            connection.send(self._forming(topic))
        elif topic.startswith(KINDS):
            connection.send(self._standing(topic).snapshot())

    def prepare(self, topics: Iterable[str]) -> None:
        """Before somebody begins to listen: bring the others to where the new one's snapshot will be."""
        for topic in topics:
            if topic.startswith(KINDS):
                self._changed(topic)

    def _closed_bar(self, interval: str, symbol: str, now_ms: int) -> None:
        """Publish the bar that closed at ``now_ms``, if there is one."""
        opened_ms = INTERVALS[interval].open_of(now_ms - 1)
        row = self._exchange.markets[symbol].walk.series.spanning(opened_ms, now_ms)
        # A hole in the bars closes nothing.
        if row is None:
            return
        topic = f"kline.{interval}.{symbol}"
        self._hub.publish((topic,), _kline_message(topic, interval, row, now_ms, confirm=True))

    def _forming(self, topic: str) -> Payload:
        """The unconfirmed bar of a kline topic."""
        _, interval, symbol = topic.split(".")
        now_ms = self._exchange.now_ms
        row = forming_row(self._exchange.markets[symbol], INTERVALS[interval], now_ms)
        return _kline_message(topic, interval, row, now_ms, confirm=False)

    def _standing(self, topic: str) -> Standing:
        """The ticker, book or price limit of the topic."""
        if topic not in self._standings:
            self._standings[topic] = Standing(self._exchange, topic)
        return self._standings[topic]

    def _changed(self, topic: str) -> None:
        """Publish what has changed, if the price is another than last time."""
        known = topic in self._standings
        standing = self._standing(topic)
        message = standing.refresh() if known else standing.snapshot()
        if message is not None:
            self._hub.publish((topic,), message)

    def _liquidations(self) -> None:
        """Publish what the venue has closed since the last time, each in the venue's words about the position."""
        accounts = self._exchange.accounts
        new = [
            one
            for account, seen in zip(accounts, self._seen_executions, strict=True)
            for one in account.executions[seen:]
        ]
        for one in sorted(new, key=lambda execution: execution.at_ms):
            if one.kind == "BustTrade":
                topic = f"allLiquidation.{one.order.terms.symbol}"
                entry = liquidation_entry(one)
                self._hub.publish((topic,), {"topic": topic, "type": "snapshot", "ts": one.at_ms, "data": [entry]})
        self._seen_executions = [len(account.executions) for account in accounts]

    def _trades(self, topic: str, since_ms: int, until_ms: int) -> None:
        """Publish the prints after the one instant and up to the other, oldest first."""
        market = self._exchange.markets[topic.split(".")[1]]
        bars = (until_ms - since_ms) // market.walk.series.step_ms + 2
        trades = [trade for trade in recent_trades(market, until_ms, bars) if trade.at_ms > since_ms]
        if trades:
            data = [_trade_entry(trade, self._exchange.sequence) for trade in reversed(trades)]
            self._hub.publish((topic,), {"topic": topic, "type": "snapshot", "ts": until_ms, "data": data})


def _closes(topics: list[str], since_ms: int, until_ms: int) -> list[tuple[int, str, str]]:
    """Closes of the kline topics after the one instant and up to the other: UTC ms, interval and symbol, in order.

    Finer intervals come first, as the venue sends them: who waits for the hour has its minutes by then.
    """
    klines = [topic.split(".")[1:] for topic in topics if topic.startswith("kline.")]
    found = [
        (close_ms, INTERVALS[interval].step_ms, interval, symbol)
        for interval, symbol in klines
        for close_ms in INTERVALS[interval].closes_between(since_ms, until_ms)
    ]
    return [(close_ms, interval, symbol) for close_ms, _, interval, symbol in sorted(found)]


def serves(market: Market, interval: str) -> bool:
    """Whether bars of the interval can be made of the market's base bars."""
    return interval in INTERVALS and INTERVALS[interval].step_ms % market.walk.series.step_ms == 0


def _kline_message(topic: str, interval: str, row: list[str], now_ms: int, *, confirm: bool) -> Payload:
    """A message of a kline topic from a kline row."""
    start = int(row[0])
    entry = {
        "start": start,
        # The venue names the last millisecond inside the bar, not the closing instant.
        "end": INTERVALS[interval].close_of(start) - 1,
        "interval": interval,
        "open": row[1],
        "close": row[4],
        "high": row[2],
        "low": row[3],
        "volume": row[5],
        "turnover": row[6],
        "confirm": confirm,
        "timestamp": now_ms,
    }
    return {"topic": topic, "data": [entry], "ts": now_ms, "type": "snapshot"}


def _trade_entry(trade: PublicTrade, sequence: int) -> Payload:
    """An entry of a publicTrade message."""
    return {
        "T": trade.at_ms,
        "s": trade.symbol,
        "S": trade.side,
        "v": f"{trade.size:f}",
        "p": f"{trade.price:f}",
        "L": "PlusTick" if trade.rose else "MinusTick",
        "i": trade.trade_id,
        "BT": False,
        "RPI": False,
        "seq": sequence,
    }
