"""The tape: every bar's volume as four prints, one at each corner of the price path."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from trading_pipeline.exchange_simulator.exchange import Market
from trading_pipeline.exchange_simulator.price_walk import Path, PriceWalk

_PRINTS = 4


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A print of the tape.

    :param price: quote currency; ``size`` in base currency.
    :param number: of the print inside its bar, 0 to 3.
    :param at_ms: inside its bar, UTC milliseconds.
    """

    symbol: str
    price: Decimal
    size: Decimal
    rose: bool
    number: int
    at_ms: int

    @property
    def trade_id(self) -> str:
        """An id in the venue's form, the same for the same print and for no other."""
        digits = hashlib.sha256(f"{self.symbol}|{self.at_ms}|{self.number}".encode()).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"

    @property
    def side(self) -> str:
        """The taker's side."""
        return "Buy" if self.rose else "Sell"


def recent_trades(market: Market, now_ms: int, bars: int) -> Iterator[PublicTrade]:
    """The newest prints up to now, newest first, of at most so many bars."""
    series = market.walk.series
    newest = int(np.searchsorted(series.open_ms, now_ms)) - 1
    for index in range(newest, max(-1, newest - bars), -1):
        path = market.walk.corners(index)
        shares = _shares(int(series.volume[index]))
        instants = _instants(path)
        for number in reversed(range(_PRINTS)):
            # A print of nothing would be no print.
            if instants[number] > now_ms or not shares[number]:
                continue
            units = path[number][1]
            rose = units >= path[max(0, number - 1)][1]
            size = Decimal(shares[number]).scaleb(-series.volume_decimals)
            yield PublicTrade(market.instrument.symbol, series.price(units), size, rose, number, instants[number])


def printed_of_forming(walk: PriceWalk, now_ms: int) -> tuple[int, int]:
    """Volume and turnover, in units of the series, that the bar forming now has printed so far."""
    series = walk.series
    index = int(np.searchsorted(series.open_ms, now_ms)) - 1
    if index < 0 or now_ms >= int(series.open_ms[index]) + series.step_ms:
        return 0, 0
    printed = sum(at_ms <= now_ms for at_ms in _instants(walk.corners(index)))
    bar = series.part(index, index + 1)
    amounts = int(bar.volume[0]), int(bar.turnover[:][0])
    volume, turnover = (sum(_shares(amount)[:printed]) for amount in amounts)
    return volume, turnover


def _shares(amount: int) -> tuple[int, ...]:
    """An amount in whole units as four, the last of which takes what the division leaves."""
    fourth = amount // _PRINTS
    return (fourth,) * (_PRINTS - 1) + (amount - fourth * (_PRINTS - 1),)


def _instants(path: Path) -> tuple[int, ...]:
    """When (UTC ms) the prints of a bar are, all of them inside it: its end belongs to the next one."""
    (begin, _), (first, _), (second, _), (end, _) = path
    return begin + 1, first, second, end - 1
