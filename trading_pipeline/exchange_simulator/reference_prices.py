"""Mark and index price beside the last one: as they were recorded, else a model of how they part.

The model's distance is fitted to 300 days of hourly mark prices of Bybit's BTCUSDT, SOLUSDT and ADAUSDT against the
last price at the same instants: 0.2 to 0.8 basis points on average, a deviation of 0.6 to 1.9, fat tails (up to 40),
and no correlation from one hour to the next. The index price has the same distance: no record of it was at hand.
"""

import zlib
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.exchange_simulator.bars import BarSeries

Basis = Callable[[int], Decimal]
"""How far a price lies above the last one at an instant (UTC ms), as a fraction of it."""
KINDS = ("mark", "index")
_MINUTE_MS, _BLOCK = 60_000, 1_440
_CENTRE_BPS, _SCALE_BPS, _TAIL = 0.4, 1.0, 4
_DECIMALS = Decimal("0.00000001")


def modelled(symbol: str, kind: str, seed: int) -> Basis:
    """A new distance every minute, a function of seed, symbol and minute alone."""
    return partial(_modelled_at, symbol, kind, seed)


def recorded(opens: BarSeries, last: BarSeries, otherwise: Basis) -> Basis:
    """The distance at the opens of recorded bars, in a straight line between them; the other one outside the record.

    :param opens: bars of the mark or index price; those that open with a bar of ``last`` count.
    """
    places = np.searchsorted(last.open_ms, opens.open_ms)
    known = places < len(last.open_ms)
    known[known] = last.open_ms[places[known]] == opens.open_ms[known]
    here = np.asarray(opens.open[:])[known] / 10.0**opens.price_decimals
    there = np.asarray(last.open[:])[places[known]] / 10.0**last.price_decimals
    return partial(_recorded_at, opens.open_ms[known], here / there - 1, otherwise)


def _recorded_at(times: NDArray[np.int64], distances: NDArray[np.float64], otherwise: Basis, now_ms: int) -> Decimal:
    if not len(times) or not times[0] <= now_ms <= times[-1]:
        return otherwise(now_ms)
    return Decimal(float(np.interp(now_ms, times, distances))).quantize(_DECIMALS)


def _modelled_at(symbol: str, kind: str, seed: int, now_ms: int) -> Decimal:
    block, place = divmod(now_ms // _MINUTE_MS, _BLOCK)
    return Decimal(float(_day(symbol, kind, seed, block)[place])).quantize(_DECIMALS)


@lru_cache(maxsize=1024)
def _day(symbol: str, kind: str, seed: int, block: int) -> NDArray[np.float64]:
    """The distances of a day's minutes, shape ``(1440,)``."""
    random = np.random.default_rng([seed, zlib.crc32(f"{symbol}|{kind}".encode()), block])
    spread = random.standard_t(_TAIL, _BLOCK) / np.sqrt(_TAIL / (_TAIL - 2))
    distances: NDArray[np.float64] = (_CENTRE_BPS + _SCALE_BPS * spread) / 1e4
    return distances
