"""Generated bars: a seeded model of a lively market, drawn by five minutes and then by the minute.

The market switches between five regimes that last for hours: calm range, nervous range, up trend,
down trend and quiet drift. Ranges revert (each shock is partly taken back), trends carry on. A cross
of moving averages therefore wins in some hours and loses in others. The bars are a function of seed
and symbol alone: they start at ``EPOCH`` whatever the clock says.
"""

import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.exchange_simulator.bars import TURNOVER_DECIMALS, BarSeries
from trading_pipeline.exchange_simulator.columns import Near, Opens, Turnover, narrow
from trading_pipeline.exchange_simulator.instruments import specification, typical_price
from trading_pipeline.exchange_simulator.minutes import PARTS, Minutes, MinuteSeries

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
BASE = Timeframe.M1
_FIVE = Timeframe.M5
DAYS = 800
_COUNT = DAYS * 24 * 60 // 5
GENERATED_END = EPOCH + timedelta(days=DAYS)
Floats = NDArray[np.float64]

# Per regime: volatility and drift of a 5m bar in multiples of the symbol's own 5m volatility, and how much of a
# shock the next bar repeats (positive) or takes back (negative).
_VOLATILITY = np.array([0.7, 1.4, 1.0, 1.0, 0.5])
_DRIFT = np.array([0.0, 0.0, 0.18, -0.18, 0.03])
_ECHO = np.array([-0.35, -0.25, 0.10, 0.10, 0.0])
# Some nine hours of 5m bars.
_MEAN_REGIME_BARS = 110
# Deviation of the last log price from the first.
_DAILY_LEVEL_SPREAD = 0.35
# Fraction of bars that open away from the close before.
_GAP_SHARE = 0.01


def generate(symbol: str, seed: int, until_ms: int | None = None) -> BarSeries:
    """1m bars of ``symbol`` from ``EPOCH`` for ``DAYS`` days, in some 12 bytes for five of them.

    :param until_ms: bars of five minutes that open later (UTC ms) are not kept; those before are the same.
    :raises ConfigurationError: the symbol cannot be traded.
    """
    price = typical_price(symbol)
    tick = specification(symbol, price).price_increment
    # By symbol too, so that markets of one seed do not move alike.
    random = np.random.default_rng([seed, zlib.crc32(symbol.encode())])
    count = _COUNT
    # Deviation of a 5m return; 0.15 % is some 50 % a year.
    volatility = random.uniform(0.0012, 0.0020)
    regime = _regimes(random, count)
    returns = _returns(random, regime, volatility)
    # Everything is drawn as if all were kept, so that what is kept is the same; the rest is not worked out.
    kept = count if until_ms is None else min(count, max(0, (until_ms - to_ms(EPOCH)) // _FIVE.ms + 1))
    volume = np.round(_volume(random, returns / volatility, float(price), kept), 1)
    close = float(price) * np.exp(_anchored(returns, random)[:kept])
    # Two years of 5m bars are 2 MB a column; what is not kept is dropped before the next is made.
    del returns
    opening = _openings(random, close, float(price), volatility)
    reach = 0.6 * volatility * _VOLATILITY[regime[:kept]] * close
    above = np.abs(random.normal(0, 1, count)[:kept]) * reach
    reach *= np.abs(random.normal(0, 1, kept))
    units = partial(_units, tick=tick)
    high, low = units(np.maximum(opening, close) + above), units(np.minimum(opening, close) - reach)
    fives = _series([units(opening), high, low, units(close)], tick, volume)
    minutes = Minutes(fives, symbol, seed, int(tick.scaleb(fives.price_decimals)))
    return MinuteSeries.of(minutes, fives, _open_times(kept * PARTS, BASE))


def _regimes(random: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Regime number of every bar; lengths are geometric."""
    lengths = random.geometric(1 / _MEAN_REGIME_BARS, size=count // _MEAN_REGIME_BARS * 2)
    kinds = random.integers(0, len(_DRIFT), size=len(lengths))
    # Twice as many regimes as are needed on average, so that there are enough of them.
    return np.repeat(kinds, lengths)[:count]


def _returns(random: np.random.Generator, regime: NDArray[np.int64], volatility: float) -> Floats:
    """Log returns with fat tails, drift and echo of the regime."""
    # Student's t with five degrees of freedom has a variance of 5/3; scaled to 1.
    shocks = random.standard_t(5, len(regime)) * np.sqrt(3 / 5) * _VOLATILITY[regime]
    echo = _ECHO[regime] * np.concatenate([[0.0], shocks[:-1]])
    result: Floats = volatility * (shocks + echo + _DRIFT[regime])
    return result


def _anchored(returns: Floats, random: np.random.Generator) -> Floats:
    """Log price whose end is drawn near its start, so that two years do not leave the plausible range."""
    path = np.cumsum(returns)
    goal = random.normal(0, _DAILY_LEVEL_SPREAD)
    result: Floats = path - np.linspace(0, 1, len(path)) * (path[-1] - goal)
    return result


def _openings(random: np.random.Generator, close: Floats, first: float, volatility: float) -> Floats:
    """Bars open where the last one closed, one in a hundred with a gap."""
    before = np.concatenate([[first], close[:-1]])
    gap = (random.random(_COUNT)[: len(close)] < _GAP_SHARE) * random.normal(0, 2 * volatility, _COUNT)[: len(close)]
    result: Floats = before * (1 + gap)
    return result


def _volume(random: np.random.Generator, moves: Floats, price: float, kept: int) -> Floats:
    """Base currency of a bar: around 10 million USDT, more when the price moves and in European and US hours."""
    uneven = random.lognormal(0, 0.4, len(moves))[:kept]
    result: Floats = 1e7 / price * _seasons()[:kept] * (0.5 + np.abs(moves[:kept])) * uneven
    return result


@lru_cache
def _seasons() -> Floats:
    """How much is traded at the hour of each bar, around 1: the same for every symbol."""
    hour = np.arange(_COUNT) / 12 % 24
    seasons: Floats = 1 + 0.5 * np.sin((hour - 8) / 24 * 2 * np.pi)
    return seasons


def _units(values: Floats, tick: Decimal) -> NDArray[np.int64]:
    """Prices as integers at the decimals of the tick, at least one tick."""
    ticks = np.maximum(1, np.rint(values / float(tick)))
    return (ticks * int(tick.scaleb(_decimals(tick)))).astype(np.int64)


def _decimals(tick: Decimal) -> int:
    """Decimals that write every multiple of the tick."""
    return max(0, -int(tick.normalize().as_tuple().exponent))


@lru_cache
def _open_times(count: int, timeframe: Timeframe) -> NDArray[np.int64]:
    """Open times of the first bars of every generated series, UTC milliseconds: one array for all of them."""
    times = to_ms(EPOCH) + timeframe.ms * np.arange(count, dtype=np.int64)
    times.flags.writeable = False
    return times


def _series(prices: list[NDArray[np.int64]], tick: Decimal, volume: Floats) -> BarSeries:
    """Columns of a series from integer prices and volume in base currency, rounded to a tenth."""
    opening, high, low, close = prices
    closes, tenths = narrow(close), narrow(np.rint(volume * 10).astype(np.int64))
    columns = (Opens.of(opening, closes), Near.of(high, closes), Near.of(low, closes), closes)
    return BarSeries(
        step_ms=_FIVE.ms,
        price_decimals=_decimals(tick),
        volume_decimals=1,
        open_ms=_open_times(len(closes), _FIVE),
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=closes,
        volume=tenths,
        turnover=Turnover(columns, tenths, 10 ** _decimals(tick), 10, 10**TURNOVER_DECIMALS),
    )
