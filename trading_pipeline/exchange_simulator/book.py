"""The book around the last price, one level per tick: what is shown is what a market order walks."""

import zlib
from collections.abc import Iterator
from decimal import Decimal

from trading_pipeline.exchange_simulator.exchange import Market
from trading_pipeline.exchange_simulator.payloads.numbers import plain

SIZES_LAST_MS = 300_000
DEEPEST = 1_000
"""Levels that are shown at most; beyond them nothing is cheaper to say than the last one's price."""
DEPTH_PER_BPS = Decimal("0.005")
"""What rests within a basis point, as a share of five minutes' volume: an order book of Bybit's XRPUSDT, recorded on
2024-12-01, held 0.3 million USDT within 5 basis points of the mid and 0.6 within 10."""
_BPS = Decimal(10_000)


def best_prices(market: Market, half_spread_ticks: int) -> tuple[Decimal, Decimal]:
    """Best bid and ask, quote currency: one tick from the last price at least."""
    tick = market.instrument.price_increment
    half_spread = tick * max(1, half_spread_ticks)
    return max(tick, market.last - half_spread), market.last + half_spread


def size_at(market: Market, price: Decimal, now_ms: int) -> Decimal:
    """What rests at a price, base currency: by the volume of the newest closed bar, the same for some minutes."""
    series, instrument = market.walk.series.base_of(SIZES_LAST_MS), market.instrument
    volume = int(series.volume[max(0, series.closed_by(now_ms) - 1)])
    usual = Decimal(volume).scaleb(-series.volume_decimals) * SIZES_LAST_MS / series.step_ms
    seed = f"{instrument.symbol}|{plain(price)}|{now_ms // SIZES_LAST_MS}".encode()
    # Between a fifth and nine fifths of the usual, so that the mean is the usual.
    uneven = (100 + Decimal(zlib.crc32(seed) % 800)) / 500
    size = usual * DEPTH_PER_BPS * (instrument.price_increment / market.last * _BPS) * uneven
    # A level never looks emptier than some hundred of the smallest orders, which risk rules take for a dead market.
    return max(instrument.quantity_increment * int(500 * uneven), instrument.floor_quantity(size))


def levels(market: Market, sign: int, now_ms: int, half_spread_ticks: int) -> Iterator[tuple[Decimal, Decimal]]:
    """Price (quote currency) and size (base currency) of the levels that a buyer (1) or a seller (-1) meets."""
    tick = market.instrument.price_increment
    best = best_prices(market, half_spread_ticks)[sign > 0]
    for number in range(DEEPEST):
        price = best + sign * tick * number
        if price <= 0:
            return
        yield price, size_at(market, price, now_ms)
