"""Run the strategies over whole days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.errors import DataError, StrategyFailed
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.setups import Setup
from trading_pipeline.domain.model.signals import Signal, SignalKind
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.ports.stores.strategy.signal_store import SignalStore
from trading_pipeline.services.strategy.answers import answers_of
from trading_pipeline.services.strategy.book_evidence import BookEvidence
from trading_pipeline.services.strategy.strategy_frames import StrategyFrames
from trading_pipeline.services.strategy.windows import day_windows, unsound_instruments


@dataclass(frozen=True, slots=True)
class SignalReport:
    """What the strategies said.

    :param entries: signals found to enter, ``exits`` to leave.
    :param changed: rows written or removed; 0 on a rerun.
    :param unsound: instruments some of whose bars were left out.
    :param refused: instrument and reason where a strategy could not work with the bars.
    :param failed: instruments about which a strategy raised or did not end, the first failure of each.
    """

    entries: int
    exits: int
    changed: int
    unsound: tuple[str, ...]
    refused: tuple[str, ...]
    failed: Mapping[InstrumentId, StrategyFailed]


def generate_signals(
    bars: BarStore,
    checks: CheckStore,
    signals: SignalStore,
    strategies: Sequence[StrategyConfig],
    scope: PartitionRange,
    now: datetime,
    books: BookEvidence | None = None,
    *,
    live: bool = False,
) -> SignalReport:
    """Store what every strategy says at the sound bars that ``scope`` computes: where it enters and where it leaves.

    At bars behind a hole that is refused only where it leaves: a position that was open has to be told.

    An instrument whose bars a strategy refuses, or about which one fails, is reported and does not stop the others;
    without ``books`` a strategy that needs them refuses.

    :param live: whether a wave asks; what a backfill finds reaches no order.
    """
    found, setups = list[Signal](), list[Setup]()
    refused = list[str]()
    failed = dict[InstrumentId, StrategyFailed]()
    frames = StrategyFrames(bars, scope, now)
    for window in day_windows(bars, checks, scope, now):
        for plan in strategies:
            # After the first failure nothing of the instrument is stored, so nobody else is asked about it.
            if plan.looks_at(window.instrument_id, scope.timeframe) and window.instrument_id not in failed:
                try:
                    ready, seen = (plan, window) if books is None else books.given(plan, window)
                    answers = answers_of(frames.window_of(seen, ready.strategy), ready, scope.timeframe)
                except DataError as error:
                    refused.append(f"{window.instrument_id} {plan.strategy.name}: {error}")
                except StrategyFailed as failure:
                    failed[window.instrument_id] = failure
                else:
                    found += [*answers.entries, *answers.exits]
                    setups += answers.setups
    changed = 0
    for part in scope.parts:
        # of an instrument about which a strategy failed the rows stay as they are, those of the other strategies, too
        ids = tuple(one for one in part.instrument_ids if one not in failed)
        mine = [one for one in found if one.instrument_id in ids]
        behind = [one for one in setups if one.instrument_id in ids]
        changed += signals.replace(mine, ids, scope.timeframe, part.start, scope.end, behind, live=live)
    stored = [one for one in found if one.instrument_id not in failed]
    leaving = sum(signal.kind is SignalKind.EXIT for signal in stored)
    return SignalReport(
        len(stored) - leaving, leaving, changed, unsound_instruments(checks, scope), tuple(refused), failed
    )
