"""Bars that are still forming, as the venue shows them."""

from collections.abc import Iterator

import numpy as np

from trading_pipeline.exchange_simulator.bars import TURNOVER_DECIMALS, BarSeries, shown
from trading_pipeline.exchange_simulator.exchange import Market
from trading_pipeline.exchange_simulator.intervals import Interval
from trading_pipeline.exchange_simulator.price_walk import PriceWalk
from trading_pipeline.exchange_simulator.tape import printed_of_forming


def forming_row(market: Market, interval: Interval, now_ms: int) -> list[str]:
    """The bar that is still forming at ``now_ms``, as a kline row; its close is the last price.

    Of the base bar that is forming counts what the tape has printed so far.
    """
    base = market.walk.series
    begin = interval.open_of(now_ms)
    closed = list(_closed(base, interval, now_ms))
    scale = base.price_decimals
    prices = [int(market.last.scaleb(scale))]
    # Corners that were passed count although the bar is not over: its high may lie behind the last price.
    prices += _walked(market.walk, now_ms)
    high, low = prices[:], prices[:]
    opening = prices[1] if len(prices) > 1 else prices[0]
    volume, turnover = printed_of_forming(market.walk, now_ms)
    for bars, chosen in reversed(closed):
        opening = int(bars.open[chosen.start])
        high.append(int(bars.high[chosen].max()))
        low.append(int(bars.low[chosen].min()))
        volume += int(bars.volume[chosen].sum(dtype=np.int64))
        turnover += int(bars.turnover[chosen].sum())
    numbers = [shown(value, scale) for value in (opening, max(high), min(low), prices[0])]
    return [
        str(begin),
        *numbers,
        shown(volume, base.volume_decimals),
        shown(turnover, TURNOVER_DECIMALS),
    ]


def _closed(base: BarSeries, interval: Interval, now_ms: int) -> Iterator[tuple[BarSeries, slice]]:
    """Bars inside the forming one that have closed: the coarsest that make it up, and finer ones behind them."""
    begin_ms = interval.open_of(now_ms)
    coarse = base.base_of(interval.step_ms)
    for bars in (coarse, base) if coarse is not base else (base,):
        chosen = slice(bars.opened_before(begin_ms), bars.closed_by(now_ms))
        if chosen.stop > chosen.start:
            yield bars, chosen
            begin_ms = int(bars.open_ms[chosen.stop - 1]) + bars.step_ms


def _walked(walk: PriceWalk, now_ms: int) -> list[int]:
    """Prices of the corners already passed inside the base bar that is forming, its open first."""
    base = walk.series
    index = int(np.searchsorted(base.open_ms, now_ms)) - 1
    if index < 0 or now_ms >= int(base.open_ms[index]) + base.step_ms:
        return []
    return [units for at_ms, units in walk.corners(index) if at_ms <= now_ms]
