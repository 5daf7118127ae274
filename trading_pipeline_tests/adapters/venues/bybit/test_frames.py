"""What the venue's WebSocket frames mean."""

import hashlib
import hmac
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.adapters.venues.bybit.frames import (
    authentication,
    condition_topics,
    kline_topics,
    read_frame,
)
from trading_pipeline.adapters.venues.bybit.streams import BybitConditionsStream, BybitMarketStream
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.market_feeds import BookFeed, MarketFeeds, TradeFeed
from trading_pipeline.domain.model.stream_updates import StreamReply, StreamUpdate
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.ports.venue.streams import VenueStream
from trading_pipeline_tests.adapters.venues.bybit.scripted_venue import NOW_MS
from trading_pipeline_tests.adapters.venues.bybit.test_parse import EXECUTION, ORDER

KLINE: dict[str, object] = {
    "start": NOW_MS,
    "end": NOW_MS + Timeframe.H1.ms - 1,
    "interval": "60",
    "open": "1",
    "high": "2",
    "low": "0.5",
    "close": "1.5",
    "volume": "10",
    "turnover": "15",
    "confirm": True,
}


def a_frame(topic: str, *rows: object) -> str:
    return json.dumps({"topic": topic, "data": list(rows), "ts": NOW_MS})


def update(raw: str) -> StreamUpdate:
    frame = read_frame(raw)
    assert isinstance(frame, StreamUpdate)
    return frame


def test_every_confirmed_bar_of_a_frame_counts_and_no_other() -> None:
    later = {**KLINE, "start": NOW_MS + Timeframe.H1.ms}
    forming = {**KLINE, "start": NOW_MS + 2 * Timeframe.H1.ms, "confirm": False}
    bars = update(a_frame("kline.60.BTCUSDT", KLINE, later, forming)).bars
    assert [bar.open_time.hour for bar in bars] == [12, 13]
    assert {(bar.instrument_id, bar.timeframe) for bar in bars} == {("BTCUSDT.BYBIT", Timeframe.H1)}


@pytest.mark.parametrize("confirm", [False, "true", 1, None])
def test_only_a_plain_true_confirms_a_bar(confirm: object) -> None:
    assert update(a_frame("kline.60.BTCUSDT", {**KLINE, "confirm": confirm})).bars == ()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        "[" * 100_000,
        b"\xff\xfe",
        '{"topic": "kline.60.BTCUSDT"}',
        '{"topic": "kline.60.BTCUSDT", "data": {}}',
        a_frame("kline.60.BTCUSDT", "row"),
        a_frame("kline.60.BTCUSDT", {**KLINE, "close": None}),
        a_frame("kline.60.BTCUSDT", {**KLINE, "close": "NaN"}),
        a_frame("kline.60.BTCUSDT", {**KLINE, "start": "soon"}),
        a_frame("kline.60.BTCUSDT", {**KLINE, "start": 10**30}),
        a_frame("kline.60.BTCUSDT", {**KLINE, "start": NOW_MS + 1}),
        a_frame("kline.60.BTCUSDT", {**KLINE, "interval": "7"}),
        a_frame("kline.15.BTCUSDT", KLINE),
        a_frame("order", {**ORDER, "qty": ""}),
        a_frame("execution", {**EXECUTION, "execFee": ""}),
    ],
)
def test_a_frame_that_cannot_be_trusted_is_an_error(raw: str | bytes) -> None:
    with pytest.raises(DataError):
        read_frame(raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["topic", "data", "op", "start", "x"]), inner),
        max_leaves=8,
    )
)
def test_no_json_at_all_breaks_more_than_its_own_frame(value: object) -> None:
    try:
        frame = read_frame(json.dumps(value))
    except DataError:
        return
    assert isinstance(frame, StreamReply | StreamUpdate)


def test_orders_without_our_id_are_left_to_the_venue() -> None:
    child = {**ORDER, "orderLinkId": ""}
    assert [report.order_link_id for report in update(a_frame("order", child, ORDER)).reports] == ["plan_E"]


@pytest.mark.parametrize(("category", "count"), [("linear", 1), ("spot", 0), ("inverse", 0), (None, 1)])
def test_other_categories_of_the_account_are_none_of_our_business(category: str | None, count: int) -> None:
    assert len(update(a_frame("execution", {**EXECUTION, "category": category})).fills) == count


@pytest.mark.parametrize("topic", ["wallet", "position", "priceLimit.BTCUSDT", "invented"])
def test_other_topics_tell_nothing(topic: str) -> None:
    assert update(a_frame(topic, {"coin": "USDT"})) == StreamUpdate()


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (
            {"op": "subscribe", "success": True, "ret_msg": ""},
            StreamReply("subscribe", True, "", answers_handshake=True),
        ),
        ({"op": "auth", "success": False, "ret_msg": "no"}, StreamReply("auth", False, "no", answers_handshake=True)),
        ({"op": "pong", "args": ["1"]}, StreamReply("pong", True, "", answers_handshake=False)),
        (
            {"op": "ping", "success": True, "ret_msg": "pong"},
            StreamReply("ping", True, "pong", answers_handshake=False),
        ),
    ],
)
def test_replies_are_told_from_updates(frame: dict[str, object], reply: StreamReply) -> None:
    assert read_frame(json.dumps(frame)) == reply


def test_derived_timeframes_are_not_subscribed() -> None:
    topics = kline_topics(["BTCUSDT", "SOLUSDT"], [Timeframe.M15, Timeframe.H8])
    assert topics == ["kline.15.BTCUSDT", "kline.15.SOLUSDT"]


FEEDS = MarketFeeds(book_snapshots=BookFeed(depth=50), public_trades=TradeFeed(wanted=True))


@pytest.mark.parametrize("count", [0, 1, 800])
@pytest.mark.parametrize("made", ["bars", "conditions"])
def test_a_stream_is_spread_over_connections_none_of_which_has_more_topics_than_the_venue_takes(
    count: int, made: str
) -> None:
    ids = [InstrumentId(f"COIN{number}USDT.BYBIT") for number in range(count)]
    timeframes = [Timeframe.M15, Timeframe.H1, Timeframe.H4]
    whole: VenueStream = (
        BybitMarketStream("ws://venue", ids, timeframes)
        if made == "bars"
        else BybitConditionsStream("ws://venue", ids, FEEDS)
    )
    symbols = [one.symbol for one in ids]
    topics = kline_topics(symbols, timeframes) if made == "bars" else condition_topics(symbols, FEEDS)
    parts = [list(part.handshake_messages()) for part in whole.parts()]
    messages = [message for part in parts for message in part]
    assert [topic for message in messages for topic in json.loads(message)["args"]] == topics
    assert all(len(part) == min(count, 1) for part in parts)
    assert max(map(len, messages), default=0) <= 21_000 + len('{"op":"subscribe","args":[]}')
    assert (len(parts) > 1) is (count == 800)


def test_the_signature_is_the_venues() -> None:
    key, expires, signature = json.loads(authentication("key", "secret", 1662350400000))["args"]
    assert (key, expires) == ("key", 1662350400000)
    assert signature == hmac.new(b"secret", b"GET/realtime1662350400000", hashlib.sha256).hexdigest()


@pytest.mark.parametrize(("key", "secret"), [("", "secret"), ("key", "")])
def test_a_missing_key_is_named(key: str, secret: str) -> None:
    with pytest.raises(ConfigurationError, match="BYBIT_API_KEY"):
        authentication(key, secret, 1)


def test_a_ticker_says_what_changed_and_whether_it_is_whole() -> None:
    told = {"symbol": "BTCUSDT", "markPrice": "104000.5", "nextFundingTime": str(NOW_MS), "fundingRate": ""}
    raw = json.dumps({"topic": "tickers.BTCUSDT", "type": "delta", "data": told, "cs": 1, "ts": NOW_MS})
    (change,) = update(raw).tickers
    assert (change.instrument_id, change.at, change.whole) == ("BTCUSDT.BYBIT", from_ms(NOW_MS), False)
    assert change.values == {"mark_price": Decimal("104000.5"), "next_funding_at": from_ms(NOW_MS)}
    assert update(raw.replace("delta", "snapshot")).tickers[0].whole


def test_a_ticker_with_a_word_for_a_price_is_refused() -> None:
    told = {"symbol": "BTCUSDT", "markPrice": "much"}
    with pytest.raises(DataError, match="markPrice='much'"):
        read_frame(json.dumps({"topic": "tickers.BTCUSDT", "type": "delta", "data": told, "ts": NOW_MS}))


def a_book(**fields: object) -> str:
    data = {"s": "BTCUSDT", "b": [["99", "1.5"], ["98", "0"]], "a": [], "u": 8, "seq": 3}
    return json.dumps({"topic": "orderbook.50.BTCUSDT", "type": "delta", "ts": NOW_MS, "data": {**data, **fields}})


def test_a_book_says_which_levels_changed_and_in_which_update() -> None:
    (change,) = update(a_book()).books
    assert (change.instrument_id, change.at, change.update_id, change.whole) == (
        "BTCUSDT.BYBIT",
        from_ms(NOW_MS),
        8,
        False,
    )
    assert (change.bids, change.asks) == (((Decimal(99), Decimal("1.5")), (Decimal(98), Decimal(0))), ())


def test_snapshots_and_recounted_updates_are_whole_books() -> None:
    assert update(a_book(u=1)).books[0].whole
    assert update(a_book().replace("delta", "snapshot")).books[0].whole


@pytest.mark.parametrize("wrong", [{"u": ""}, {"b": [["99"]]}, {"a": None}, {"s": ""}, {"b": [["99", "NaN"]]}])
def test_a_book_with_a_part_that_cannot_be_read_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError):
        read_frame(a_book(**wrong))


TRADE = {"T": NOW_MS, "s": "BTCUSDT", "S": "Sell", "v": "0.5", "p": "99.5", "i": "a-b"}


def test_every_trade_of_a_frame_is_told() -> None:
    first, second = update(a_frame("publicTrade.BTCUSDT", TRADE, {**TRADE, "i": "c-d"})).trades
    assert (first.trade_id, second.trade_id) == ("a-b", "c-d")
    assert (first.side, first.price, first.quantity, first.at) == (
        "sell",
        Decimal("99.5"),
        Decimal("0.5"),
        from_ms(NOW_MS),
    )


@pytest.mark.parametrize("wrong", [{"S": "None"}, {"i": ""}, {"p": ""}, {"T": "now"}])
def test_a_trade_with_a_part_that_cannot_be_read_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError):
        read_frame(a_frame("publicTrade.BTCUSDT", {**TRADE, **wrong}))
