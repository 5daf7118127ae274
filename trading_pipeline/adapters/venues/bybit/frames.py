"""WebSocket messages of the venue: what to send, and what its frames mean. Pure.

Pages: v5/ws/connect, v5/websocket/public/kline, ticker, orderbook and trade, v5/websocket/private/order and execution.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from trading_pipeline.adapters.venues.bybit import capabilities, parse
from trading_pipeline.adapters.venues.bybit.payload import Row, as_row, rows, text
from trading_pipeline.adapters.venues.bybit.symbols import INTERVALS
from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.domain.model.stream_updates import StreamReply, StreamUpdate
from trading_pipeline.domain.model.timeframes import Timeframe

PING = '{"op":"ping"}'
PRIVATE_TOPICS = ("order", "execution", "position", "wallet")
"""Positions and balances are read over REST when a decision needs them; their pushes prove that the stream lives."""


def native(timeframes: Iterable[Timeframe]) -> list[Timeframe]:
    """Those of the timeframes of which the venue publishes bars."""
    return [timeframe for timeframe in timeframes if timeframe in INTERVALS]


def kline_topics(symbols: Sequence[str], timeframes: Iterable[Timeframe]) -> list[str]:
    """Topics of the bars of every symbol in every native timeframe."""
    intervals = [INTERVALS[timeframe] for timeframe in native(timeframes)]
    return [f"kline.{interval}.{symbol}" for symbol in symbols for interval in intervals]


def condition_topics(symbols: Sequence[str], feeds: MarketFeeds) -> list[str]:
    """Topics of what is collected of every symbol beside its bars."""
    kinds = ["tickers"] if feeds.tickers.every else []
    kinds += [book_topic(feeds)] if feeds.book_snapshots.depth else []
    kinds += ["publicTrade"] if feeds.public_trades.wanted else []
    return [f"{kind}.{symbol}" for symbol in symbols for kind in kinds]


def book_topic(feeds: MarketFeeds) -> str:
    """The topic of books, without its symbol."""
    return f"orderbook.{feeds.book_snapshots.depth}"


def subscribe_anew(topic: str) -> tuple[str, str]:
    """Messages after which a topic begins again with everything whole."""
    return _message("unsubscribe", [topic]), _message("subscribe", [topic])


def spread(
    instrument_ids: Iterable[InstrumentId], topics_of: Callable[[InstrumentId], Iterable[str]]
) -> Iterator[list[InstrumentId]]:
    """The instruments in groups whose topics the venue accepts over one connection each; one stays together."""
    group: list[InstrumentId] = []
    characters = 0
    for one in instrument_ids:
        # quotes and comma count too
        more = sum(len(topic) + 3 for topic in topics_of(one))
        if group and characters + more > capabilities.MAX_ARGS_CHARACTERS:
            yield group
            group, characters = [], 0
        group.append(one)
        characters += more
    if group:
        yield group


def subscriptions(topics: Sequence[str]) -> Iterator[str]:
    """The message that subscribes to all topics of a connection; nothing without any."""
    if topics:
        yield _message("subscribe", topics)


def authentication(key: str, secret: str, expires_ms: int) -> str:
    """The message that opens the private stream.

    :param expires_ms: wall time in UTC milliseconds until which the venue may accept it.
    :raises ConfigurationError: there is no key.
    """
    if not key or not secret:
        raise ConfigurationError("no key for bybit; set BYBIT_API_KEY and BYBIT_API_SECRET")
    signature = hmac.new(secret.encode(), f"GET/realtime{expires_ms}".encode(), hashlib.sha256).hexdigest()
    return _message("auth", [key, expires_ms, signature])


def read_frame(raw: str | bytes) -> StreamReply | StreamUpdate:
    """What one frame means; bars that are still forming are left out.

    :raises DataError: the frame is not JSON, or a part of it that matters cannot be read. Nothing of
        it is used then, because whoever sent half a truth may have sent the other half wrong.
    """
    try:
        frame = as_row(json.loads(raw), "frame")
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}") from error
    topic = text(frame, "topic")
    if not topic:
        return _control(frame)
    kind, _, name = topic.partition(".")
    if kind == "kline":
        return StreamUpdate(bars=_closed_bars(frame, name))
    if kind == "orderbook":
        return StreamUpdate(books=(parse.book_change(frame),))
    if kind == "publicTrade":
        return StreamUpdate(trades=tuple(parse.public_trade(row) for row in rows(frame, "data")))
    if kind == "tickers":
        return StreamUpdate(tickers=(parse.ticker_change(frame),))
    ours = [row for row in rows(frame, "data") if text(row, "category") in ("", capabilities.CATEGORY)]
    if kind == "order":
        return StreamUpdate(reports=tuple(parse.order_report(row) for row in ours if text(row, "orderLinkId")))
    if kind == "execution":
        return StreamUpdate(fills=tuple(parse.fill(row) for row in ours))
    return StreamUpdate()


def _closed_bars(frame: Row, interval_and_symbol: str) -> tuple[Bar, ...]:
    interval, _, symbol = interval_and_symbol.partition(".")
    # Forming bars are pushed again and again; only the confirmed one is a bar here.
    confirmed = [row for row in rows(frame, "data") if row.get("confirm") is True]
    bars = tuple(parse.pushed_kline(symbol, row) for row in confirmed)
    for bar in bars:
        # The row names its interval again; a row of another topic would be stored in the wrong series.
        if INTERVALS.get(bar.timeframe) != interval or not bar.timeframe.closes_at(bar.open_time):
            raise DataError(f"no {bar.timeframe} bar of topic kline.{interval} opens at {bar.open_time.isoformat()}")
    return bars


def _control(frame: Row) -> StreamReply:
    operation = text(frame, "op")
    if not operation:
        raise DataError("neither a topic nor an operation")
    # a pong carries no verdict
    accepted = frame.get("success", True) is True
    return StreamReply(operation, accepted, text(frame, "ret_msg"), operation in ("auth", "subscribe"))


def _message(operation: str, arguments: Sequence[object]) -> str:
    return json.dumps({"op": operation, "args": list(arguments)}, separators=(",", ":"))
