"""What the public stream says: klines, tickers, trades and books of the topics somebody listens to."""

from trading_pipeline.exchange_simulator.bars import INTERVALS
from trading_pipeline.exchange_simulator.exchange import Exchange, Market, Payload
from trading_pipeline.exchange_simulator.hub import Connection, Hub
from trading_pipeline.exchange_simulator.payloads.market import (
    PublicTrade,
    book_payload,
    forming_row,
    recent_trades,
    ticker_payload,
)
from trading_pipeline.exchange_simulator.walking import Passed

DEPTHS = ("1", "50")


class MarketFeed:
    """Turns walked time into messages."""

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self._hub = hub
        # Books and tickers carry a growing number, by which clients notice what they missed.
        self._update = 0

    def known(self, topic: str) -> bool:
        """Whether the topic can be subscribed to: kind, symbol, and an interval not finer than the base bars."""
        parts = topic.split(".")
        market = self._exchange.markets.get(parts[-1])
        if market is None:
            return False
        if parts[0] in ("tickers", "publicTrade"):
            return len(parts) == 2
        if len(parts) != 3:
            return False
        if parts[0] == "orderbook":
            return parts[1] in DEPTHS
        return parts[0] == "kline" and serves(market, parts[1])

    def announce(self, passed: Passed) -> None:
        """Publish what happened between the walked corners: closed bars in order of time, then where things stand."""
        topics = self._hub.topics()
        if not topics or not passed:
            return
        # Finer intervals first, as the venue sends them: who waits for the hour has its minutes by then.
        klines = sorted((topic.split(".") for topic in topics if topic.startswith("kline.")), key=_fineness)
        for now_ms, _ in passed:
            for _, interval, symbol in klines:
                # Walks also stop at corners inside bars and, running free, anywhere.
                if now_ms % INTERVALS[interval] == 0:
                    self._closed_bar(interval, symbol, now_ms)
        for topic in sorted(topics):
            parts = topic.split(".")
            if parts[0] == "publicTrade":
                self._trades(topic, parts[1], passed)
            elif parts[0] != "kline":
                self._hub.publish((topic,), self._standing(topic))

    def pulse(self) -> None:
        """Publish the forming bars; the venue does so every second or so."""
        for topic in sorted(self._hub.topics()):
            if topic.startswith("kline."):
                self._hub.publish((topic,), self._forming(topic))

    def send_snapshot(self, connection: Connection, topic: str) -> None:
        """Send a new subscriber the state that updates refer to."""
        if topic.startswith("kline."):
            connection.send(self._forming(topic))
        elif not topic.startswith("publicTrade."):
            connection.send(self._standing(topic))

    def _closed_bar(self, interval: str, symbol: str, now_ms: int) -> None:
        """Publish the bar that closed at ``now_ms``, if there is one."""
        series = self._exchange.markets[symbol].series(INTERVALS[interval])
        index = series.closed_by(now_ms) - 1
        # A hole in the bars closes nothing.
        if index < 0 or int(series.open_ms[index]) != now_ms - series.step_ms:
            return
        topic = f"kline.{interval}.{symbol}"
        row = series.rows(index, index + 1)[0]
        self._hub.publish((topic,), _kline_message(topic, interval, row, now_ms, confirm=True))

    def _forming(self, topic: str) -> Payload:
        """The unconfirmed bar of a kline topic."""
        _, interval, symbol = topic.split(".")
        now_ms = self._exchange.now_ms
        row = forming_row(self._exchange.markets[symbol], INTERVALS[interval], now_ms)
        return _kline_message(topic, interval, row, now_ms, confirm=False)

    def _standing(self, topic: str) -> Payload:
        """The newest ticker or book."""
        now_ms, half_spread = self._exchange.now_ms, self._exchange.terms.half_spread_ticks
        market = self._exchange.markets[topic.split(".")[-1]]
        self._update += 1
        if topic.startswith("tickers."):
            schedule = self._exchange.funding[market.instrument.symbol]
            data = ticker_payload(market, schedule, now_ms, half_spread)
            return {"topic": topic, "type": "snapshot", "data": data, "cs": self._update, "ts": now_ms}
        data = book_payload(market, int(topic.split(".")[1]), now_ms, self._update, half_spread)
        return {"topic": topic, "type": "snapshot", "ts": now_ms, "data": data, "cts": now_ms}

    def _trades(self, topic: str, symbol: str, passed: Passed) -> None:
        """Publish the prints at the corners passed, oldest first."""
        market = self._exchange.markets[symbol]
        instants = {now_ms for now_ms, _ in passed}
        trades = [t for t in recent_trades(market, passed[-1][0], len(passed) + 1) if t.at_ms in instants]
        if trades:
            data = [_trade_entry(trade, self._exchange.sequence) for trade in reversed(trades)]
            message = {"topic": topic, "type": "snapshot", "ts": passed[-1][0], "data": data}
            self._hub.publish((topic,), message)


def serves(market: Market, interval: str) -> bool:
    """Whether bars of the interval can be made of the market's base bars."""
    return interval in INTERVALS and INTERVALS[interval] % market.walk.series.step_ms == 0


def _fineness(parts: list[str]) -> int:
    """Finer intervals are announced first."""
    return INTERVALS[parts[1]]


def _kline_message(topic: str, interval: str, row: list[str], now_ms: int, *, confirm: bool) -> Payload:
    """A message of a kline topic from a kline row."""
    start = int(row[0])
    entry = {
        "start": start,
        # The venue names the last millisecond inside the bar, not the closing instant.
        "end": start + INTERVALS[interval] - 1,
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
        "seq": sequence,
    }
