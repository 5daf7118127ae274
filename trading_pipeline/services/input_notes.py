"""What the reader of a backtest has to know about its bars, funding and finer bars; what cannot be used is refused."""

from collections.abc import Iterator

import numpy as np

from trading_pipeline.domain.backtest.coverage import Span, require_funding, without_funding
from trading_pipeline.domain.backtest.paths import covered_whole
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.jumps import Jump, jumps, refuse_jumps
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.arrays import BarArrays
from trading_pipeline.services.research_window import Window

_SHOWN = 3


def input_notes(
    symbol: str, one: SymbolInput, timeframe: Timeframe, window: Window, *, allow_jumps: bool
) -> Iterator[str]:
    """A sentence for each thing.

    :param window: where trades are taken; bars before it warm up, and need neither funding nor finer bars.
    :raises DataError: prices jump as no market does, or funding or finer bars meet no bar of the window.
    """
    found = jumps_of(one.bars)
    if not allow_jumps:
        refuse_jumps(found, f"{symbol} {timeframe}")
    yield from (f"{symbol}: {jump}: taken as a move of the market" for jump in found)
    opens = one.bars.open_time_ms
    first = int(np.searchsorted(opens, window.start_ms))
    missing = int((opens[-1] - opens[0]) // timeframe.ms + 1 - len(opens))
    if missing:
        yield f"{symbol}: {missing} {timeframe} bars are missing between the first and the last"
    yield from _funding(symbol, one, Span(int(opens[first]), int(one.bars.close_time_ms[-1])))
    yield from _fine_bars(symbol, one, first)


def jumps_of(bars: BarArrays) -> list[Jump]:
    """Every jump among the bars of one symbol."""
    return jumps(bars.open_time_ms, bars.close_time_ms, bars.open, bars.close)


def _funding(symbol: str, one: SymbolInput, span: Span) -> Iterator[str]:
    """Which part of the bars the funding leaves out."""
    if one.funding is None:
        return
    require_funding(one.funding, span, symbol)
    bare = without_funding(one.funding, span)
    if bare:
        more = f" and in {len(bare) - _SHOWN} more stretches" if len(bare) > _SHOWN else ""
        yield f"{symbol}: no funding is known from {', '.join(map(str, bare[:_SHOWN]))}{more}; none is charged there"


def _fine_bars(symbol: str, one: SymbolInput, first: int) -> Iterator[str]:
    """How many bars the finer bars leave out."""
    if one.fine_bars is None:
        return
    covered, count = int(covered_whole(one.bars, one.fine_bars)[first:].sum()), len(one.bars) - first
    if not covered:
        raise DataError(f"{symbol}: the finer bars cover no bar whole; give those of the same time, or none")
    if covered < count:
        yield f"{symbol}: finer bars cover {covered} of {count} bars; the others are walked by their own four prices"
