"""Tickers put together from what a venue pushes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.tickers import TICKER_FIELDS, TickerBoard, TickerChange

AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
BTC = InstrumentId("BTCUSDT.BYBIT")
WHOLE = {**dict.fromkeys(TICKER_FIELDS, Decimal(100)), "next_funding_at": AT + timedelta(hours=4)}


def test_a_change_leaves_the_other_fields_as_they_were() -> None:
    board = TickerBoard()
    board.apply(TickerChange(BTC, AT, True, WHOLE))
    ticker = board.apply(TickerChange(BTC, AT + timedelta(seconds=1), False, {"mark_price": Decimal(101)}))
    assert ticker is not None
    assert (ticker.at, ticker.mark_price, ticker.index_price) == (AT + timedelta(seconds=1), 101, 100)


def test_a_change_before_the_whole_makes_no_ticker() -> None:
    board = TickerBoard()
    assert board.apply(TickerChange(BTC, AT, False, WHOLE)) is None
    board.apply(TickerChange(BTC, AT, True, WHOLE))
    board.clear()
    assert board.apply(TickerChange(BTC, AT, False, {"mark_price": Decimal(101)})) is None


def test_a_field_never_told_makes_no_ticker() -> None:
    board = TickerBoard()
    part = {name: value for name, value in WHOLE.items() if name != "funding_rate"}
    assert board.apply(TickerChange(BTC, AT, True, part)) is None
    assert board.apply(TickerChange(BTC, AT, False, {"funding_rate": Decimal(0)})) is not None


def test_a_whole_ticker_forgets_what_it_does_not_tell() -> None:
    board = TickerBoard()
    board.apply(TickerChange(BTC, AT, True, WHOLE))
    part = {name: value for name, value in WHOLE.items() if name != "funding_rate"}
    assert board.apply(TickerChange(BTC, AT, True, part)) is None
