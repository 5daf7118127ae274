"""Bars that are still forming, as the venue shows them."""

import numpy as np

from trading_pipeline.exchange_simulator.bars import TURNOVER_DECIMALS, shown
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
    closed = slice(int(np.searchsorted(base.open_ms, begin)), base.closed_by(now_ms))
    scale = base.price_decimals
    prices = [int(market.last.scaleb(scale))]
    # Corners that were passed count although the bar is not over: its high may lie behind the last price.
    prices += _walked(market.walk, now_ms)
    high, low = prices[:], prices[:]
    opening = prices[1] if len(prices) > 1 else prices[0]
    volume, turnover = printed_of_forming(market.walk, now_ms)
    if closed.stop > closed.start:
        opening = int(base.open[closed.start])
        high.append(int(base.high[closed].max()))
        low.append(int(base.low[closed].min()))
        volume += int(base.volume[closed].sum())
        turnover += int(base.turnover[closed].sum())
    numbers = [shown(value, scale) for value in (opening, max(high), min(low), prices[0])]
    return [
        str(begin),
        *numbers,
        shown(volume, base.volume_decimals),
        shown(turnover, TURNOVER_DECIMALS),
    ]


def _walked(walk: PriceWalk, now_ms: int) -> list[int]:
    """Prices of the corners already passed inside the base bar that is forming, its open first."""
    base = walk.series
    index = int(np.searchsorted(base.open_ms, now_ms)) - 1
    if index < 0 or now_ms >= int(base.open_ms[index]) + base.step_ms:
        return []
    return [units for at_ms, units in walk.corners(index) if at_ms <= now_ms]
