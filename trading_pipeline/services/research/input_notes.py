"""What the reader of a backtest has to know about its bars, funding and finer bars; what cannot be used is refused."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trading_pipeline.domain.backtest.coverage import Span, require_funding, without_funding
from trading_pipeline.domain.backtest.paths import covered_whole
from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.jumps import Jump, jumps, refuse_jumps
from trading_pipeline.domain.model.partitions import WINDOW_BARS
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.services.research.research_window import Window

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class GivenInput:
    """What was given of one instrument.

    :param funding: recorded events.
    :param path: finer bars.
    """

    instrument_id: InstrumentId
    bars: BarArrays
    funding: Funding | None = None
    path: BarArrays | None = None


_AFTER_HOLES = {
    HolePolicy.COMPUTE_OVER: "after a hole nothing is entered for a strategy's warm-up",
    HolePolicy.REFUSE: f"nothing is entered for as long as a hole lies among the {WINDOW_BARS:,} bars before a day",
}


def input_notes(
    one: GivenInput,
    window: Window,
    *,
    assumed_rate: float,
    allow_jumps: bool,
    holes: HolePolicy = HolePolicy.COMPUTE_OVER,
) -> Iterator[str]:
    """A sentence for each thing.

    :param window: where trades are taken; bars before it warm up, and need neither funding nor finer bars.
    :param assumed_rate: what funding costs where no record covers it, a fraction of notional per interval.
    :raises DataError: prices jump as no market does, or funding or finer bars meet no bar of the window.
    """
    timeframe, opens = one.bars.timeframe, one.bars.open_time_ms
    found = jumps_of(one.bars)
    if not allow_jumps:
        refuse_jumps(found, f"{one.instrument_id} {timeframe}")
    # Allowed is not unsaid: a split taken for a move of the market makes the best trade of the run.
    yield from (f"{one.instrument_id}: {jump}: taken as a move of the market" for jump in found)
    first = int(np.searchsorted(opens, window.start_ms))
    missing = int((opens[-1] - opens[0]) // timeframe.ms + 1 - len(opens))
    if missing:
        yield (
            f"{one.instrument_id}: {missing} {timeframe} bars are missing between the first and the last; "
            f"{_AFTER_HOLES[holes]}"
        )
    yield from _funding(one, Span(int(opens[first]), int(one.bars.close_time_ms[-1])), assumed_rate)
    yield from _path(one, first)


def jumps_of(bars: BarArrays) -> list[Jump]:
    """Every jump among the bars of one instrument."""
    return jumps(bars.open_time_ms, bars.close_time_ms, bars.open, bars.close)


def _funding(one: GivenInput, span: Span, assumed_rate: float) -> Iterator[str]:
    """Which part of the bars the record leaves out, and what is charged there."""
    if one.funding is None:
        return
    require_funding(one.funding, span, one.instrument_id)
    bare = without_funding(one.funding, span)
    if bare:
        more = f" and in {len(bare) - _SHOWN} more stretches" if len(bare) > _SHOWN else ""
        charged = f"{assumed_rate:.4%} is charged there" if assumed_rate else "none is charged there"
        yield f"{one.instrument_id}: no funding is known from {', '.join(map(str, bare[:_SHOWN]))}{more}; {charged}"


def _path(one: GivenInput, first: int) -> Iterator[str]:
    """How many bars the finer bars leave out."""
    if one.path is None:
        return
    covered, count = int(covered_whole(one.bars, one.path)[first:].sum()), len(one.bars) - first
    if not covered:
        raise DataError(f"{one.instrument_id}: the finer bars cover no bar whole; give those of the same time, or none")
    if covered < count:
        yield f"{one.instrument_id}: finer bars cover {covered} of {count} bars; four prices walk through the others"
