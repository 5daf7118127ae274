"""Mark and index price: recorded, modelled, and what is counted by them."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.exchange_simulator import margins
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.payloads.market import ticker_payload
from trading_pipeline.exchange_simulator.recorded_bars import load
from trading_pipeline.exchange_simulator.reference_prices import modelled
from trading_pipeline.exchange_simulator.routes.reference import reference_kline
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order, walk

DAY = datetime(2025, 6, 1, tzinfo=UTC)
DAY_MS, STEP_MS = to_ms(DAY), 300_000
HEADER = "open_time_ms,open,high,low,close,volume\n"


def test_the_modelled_distance_is_that_of_recorded_mark_prices() -> None:
    basis = modelled("BTCUSDT", "mark", 7)
    drawn = np.array([float(basis(DAY_MS + minute * 60_000)) for minute in range(10_000)]) * 1e4
    assert 0.2 < drawn.mean() < 0.85
    assert 0.5 < drawn.std() < 1.9
    assert 3 < np.abs(drawn).max() < 42
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """24 flat 5m bars at 100, and 1h mark prices that open at 100.5 and 101.5."""
    rows = [f"{DAY_MS + n * STEP_MS},100,100,100,100.0,10" for n in range(24)]
    (tmp_path / "bybit_linear_BTCUSDT_5m_x.csv").write_text(HEADER + "\n".join(rows) + "\n")
    marks = [f"{DAY_MS + n * 12 * STEP_MS},{price},{price},{price},{price},0" for n, price in ((0, 100.5), (1, 101.5))]
    (tmp_path / "bybit_linear_BTCUSDT_1h_x_mark.csv").write_text(HEADER + "\n".join(marks) + "\n")
    return tmp_path


def venue(folder: Path, profile: ExecutionProfile) -> Exchange:
    start = datetime(2025, 6, 1, 0, 30, tzinfo=UTC)
    configuration = Configuration(("BTCUSDT",), bars=folder, profile=profile)
    series, _ = load(folder, ("BTCUSDT",), start)
    return assemble(configuration, series, start, "test").exchange


def test_a_recorded_mark_price_is_taken_and_lies_in_a_line_between_its_opens(folder: Path) -> None:
    exchange = venue(folder, ExecutionProfile.REALISTIC)
    market = exchange.markets["BTCUSDT"]
    assert (market.last, market.mark) == (Decimal(100), Decimal(101))
    ticker = ticker_payload(market, exchange.funding["BTCUSDT"], exchange.now_ms, 0)
    assert (ticker["lastPrice"], ticker["markPrice"]) == ("100", "101")


def test_bars_of_the_mark_price_go_where_the_mark_price_went(folder: Path) -> None:
    start = datetime(2025, 6, 1, 0, 30, tzinfo=UTC)
    series, _ = load(folder, ("BTCUSDT",), start)
    made = assemble(Configuration(("BTCUSDT",), bars=folder, lock_step=Timeframe.M5), series, start, "test")
    answer = reference_kline(made, {"symbol": "BTCUSDT", "interval": "30", "end": str(DAY_MS)}, "mark")
    # 0.5 above at the open of the hour, 1.5 at its end: 1 in the middle, where this bar closes.
    assert answer["list"] == [[str(DAY_MS), "100.5", "101", "100.5", "101"]]


def test_after_the_end_of_the_record_the_model_stands_in(folder: Path) -> None:
    exchange = venue(folder, ExecutionProfile.REALISTIC)
    advance(exchange, DAY_MS + 13 * STEP_MS)
    assert abs(exchange.markets["BTCUSDT"].mark - 100) < Decimal("0.5")


def test_under_the_ideal_profile_the_mark_price_is_the_last(folder: Path) -> None:
    assert venue(folder, ExecutionProfile.IDEAL).markets["BTCUSDT"].mark == Decimal(100)


def held_with_mark(distance: str) -> Exchange:
    """A long position of 1 at 100 in an account that can lose 10 of it."""
    exchange = an_exchange(FLAT, FLAT, balance=Decimal("10.7"))
    order(exchange, "Buy", "1")
    exchange.markets["BTCUSDT"].basis = {"mark": lambda _: Decimal(distance)}
    return exchange


def test_equity_and_liquidation_follow_the_mark_price_and_not_the_last() -> None:
    exchange = held_with_mark("-0.05")
    position = exchange.positions["BTCUSDT"]
    assert exchange.unrealised() == Decimal(-5)
    assert margins.broke(exchange) == []
    fallen = held_with_mark("-0.11")
    assert [one.kind for one in walk(fallen)] == ["BustTrade"]
    assert not position.flat
