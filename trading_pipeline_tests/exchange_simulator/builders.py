"""Small exchanges with hand-written bars."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from trading_pipeline.domain.model.identity import InstrumentId, VenueName
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.exchange import Exchange, Execution, Market, Terms
from trading_pipeline.exchange_simulator.instruments import MAKER_FEE, TAKER_FEE, specification
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.orders import Order
from trading_pipeline.exchange_simulator.price_walk import Moment, PriceWalk
from trading_pipeline.exchange_simulator.walking import account_events, advance

START = datetime(2025, 6, 1, 1, 0, tzinfo=UTC)
STEP_MS = 300_000
Ohlc = tuple[float, float, float, float]
FLAT: Ohlc = (100.0, 100.0, 100.0, 100.0)


def a_series(bars: list[Ohlc], first_ms: int) -> BarSeries:
    """5m bars with prices to one decimal and a volume of 10 each."""
    opening, high, low, close = (np.rint(np.array(column) * 10).astype(np.int64) for column in zip(*bars, strict=True))
    count = len(bars)
    volume = np.full(count, 10_000, dtype=np.int64)
    times = first_ms + STEP_MS * np.arange(count, dtype=np.int64)
    return BarSeries(STEP_MS, 1, 3, times, opening, high, low, close, volume, volume * 1_000_000)


def an_exchange(
    *bars: Ohlc,
    start: datetime = START,
    symbols: tuple[str, ...] = ("BTCUSDT",),
    missing: int = 0,
    funding: dict[int, Decimal] | None = None,
    fees: tuple[Decimal, Decimal] = (MAKER_FEE, TAKER_FEE),
    path: IntrabarPath = IntrabarPath.CANDLE_DIRECTION,
    **terms: object,
) -> Exchange:
    """Stands at ``start`` after one flat bar at 100; ``bars`` follow, after a hole of ``missing`` bars.

    :param funding: recorded rates by UTC milliseconds.
    :param path: not the default, so that hand-written bars mean what they meant: an up bar goes to its high first.
    :param fees: of makers and takers, fractions of the value traded.
    """
    markets, moment = {}, Moment(to_ms(start))
    for symbol in symbols:
        series = a_series([FLAT, *bars], to_ms(start) - STEP_MS)
        series.open_ms[1:] += missing * STEP_MS
        contract = replace(
            specification("BTCUSDT", Decimal(100), 1, *fees),
            instrument_id=InstrumentId.of(symbol, VenueName("BYBIT")),
            base_currency=symbol.removesuffix("USDT"),
        )
        markets[symbol] = Market(contract, PriceWalk(series, path), moment, funding)
    defaults = {"balance": Decimal(10_000), "run_id": "test"}
    return Exchange(markets, Terms(**(defaults | terms)), moment)  # type: ignore[arg-type]


def order(exchange: Exchange, side: str, qty: str, **rest: object) -> Order:
    """Send an order of BTCUSDT: limit when a price is given, else market."""
    request = {"category": "linear", "symbol": "BTCUSDT", "side": side, "qty": qty}
    request["orderType"] = "Limit" if "price" in rest else "Market"
    return create(exchange, request | {name: str(value) for name, value in rest.items()})


def stand_by_stand(exchange: Exchange, answer: Callable[[Exchange], None], bars: int = 1) -> list[int]:
    """Let bars pass, answering each account event; returns the instants at which the walk stood."""
    stood = []
    for instant in account_events(exchange, exchange.now_ms + bars * STEP_MS):
        stood.append(instant)
        answer(exchange)
    return stood


def walk(exchange: Exchange, bars: int = 1) -> list[Execution]:
    """Let bars pass; returns the executions they caused."""
    before = len(exchange.executions)
    advance(exchange, exchange.now_ms + bars * STEP_MS)
    return exchange.executions[before:]


def told(executions: list[Execution]) -> list[tuple[str, Decimal, Decimal]]:
    """Side, quantity and price of each execution."""
    return [(e.order.terms.side, e.quantity, e.price) for e in executions]
