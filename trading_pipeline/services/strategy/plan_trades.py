"""Turn entry signals into trade plans, and end the wave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.events import WaveComputed
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.plans import EntryLevel, NextBarRule, SizingInputs, TradePlan, plan_id_of
from trading_pipeline.domain.model.signals import Bias, Signal
from trading_pipeline.domain.risk.entry_size import reads_volatility, sizing_inputs
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.risk.outcomes import AFTER_HOLE, STOP_NOT_PROTECTIVE
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig, only_watched
from trading_pipeline.ports.stores.market_data.wave_store import WaveStore
from trading_pipeline.ports.stores.strategy.plan_store import PlanStore
from trading_pipeline.ports.stores.strategy.signal_store import SignalStore
from trading_pipeline.ports.stores.strategy.snapshot_store import SnapshotStore
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.services.strategy.answers import decimal_of


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What was planned.

    :param plans: plans that were made.
    :param changed: rows written; 0 on a rerun.
    :param executable: plans of the wave that may be executed.
    :param watched: signals of timeframes that their strategy only watches, of which no plan is made.
    :param refused: signals that no plan can be made of, with the reason.
    :param sizing: the model and numbers the plans were made under.
    :param wave_open: a bar of the wave came too late for this run, so the wave has to be computed again.
    """

    plans: int
    watched: int
    changed: int
    executable: int
    refused: tuple[str, ...]
    sizing: SizingInputs
    wave_open: bool


@dataclass(frozen=True, slots=True)
class Planner:
    """What planning needs besides the bars it is asked about.

    :param snapshots: asked for the instrument's volatility where the sizing reads it.
    """

    signals: SignalStore
    snapshots: SnapshotStore
    plans: PlanStore
    waves: WaveStore
    stream: EventStream
    strategies: Sequence[StrategyConfig]
    limits: RiskLimits


def plan_trades(planner: Planner, scope: PartitionRange, wave: datetime | None, run_id: str) -> PlanReport:
    """Store a plan for every entry signal that may be traded of the bars that ``scope`` computes; note that a wave is
    computed and say so.

    :param wave: closing instant (UTC) whose plans may be executed; ``None`` in a backfill, which therefore
        cannot reach an order.
    """
    plans, refused = [], []
    signals = [
        signal
        for part in scope.parts
        for signal in planner.signals.signals(part.instrument_ids, scope.timeframe, part.start, scope.end)
    ]
    traded = [
        signal
        for signal in signals
        if not only_watched(planner.strategies, signal.strategy, signal.instrument_id, signal.timeframe)
    ]
    for signal in traded:
        try:
            plans.append(plan_of(signal, planner))
        except DataError as error:
            refused.append(str(error))
    # Stored before the wave is marked: marked first, a crash between them would lose the plans of the wave.
    written = planner.plans.save(plans, scope.timeframe, wave, run_id)
    wave_open = False
    if wave is not None:
        wave_open = not planner.waves.mark_computed(wave, scope.timeframe, scope.instrument_ids, run_id)
        # Also of a wave that stays open: its plans wait, and to be woken once too often costs one look.
        planner.stream.publish([WaveComputed(wave, scope.timeframe, written.executable)])
    sizing = sizing_inputs(planner.limits)
    watched = len(signals) - len(traded)
    return PlanReport(len(plans), watched, written.changed, written.executable, tuple(refused), sizing, wave_open)


def plan_of(signal: Signal, planner: Planner) -> TradePlan:
    """The plan that follows from a signal.

    :raises DataError: the signal comes too soon after a hole, the stop is not on the losing side of the entry, or no
        enabled strategy stands behind the signal.
    """
    if signal.untraded:
        raise DataError(f"{_named(signal)}: {AFTER_HOLE}: {signal.untraded}")
    if not _stop_on_losing_side(signal):
        raise DataError(
            f"{_named(signal)}: {STOP_NOT_PROTECTIVE}: {signal.bias} at {signal.entry_price} cannot have its stop at "
            f"{signal.stop_price}"
        )
    behind = _strategy_behind(signal, planner.strategies)
    return TradePlan(
        plan_id=plan_id_of(signal.signal_id),
        signal_id=signal.signal_id,
        strategy=signal.strategy,
        strategy_version=signal.strategy_version,
        instrument_id=signal.instrument_id,
        timeframe=signal.timeframe,
        close_time=signal.close_time,
        bias=signal.bias,
        entry_price=signal.entry_price,
        stop_price=signal.entry_stop,
        targets=behind.lifecycle.targets,
        runner=behind.lifecycle.runner,
        score=signal.score,
        # From the close and not from now: a wave computed late does not make its plans live longer.
        valid_until=signal.close_time + planner.limits.plan_ttl_bars * signal.timeframe.duration,
        next_bar_rule=NextBarRule(_momentum(signal)) if behind.lifecycle.next_bar_exit else None,
        sizing=_sizing(signal, planner),
        setup_id=behind.strategy.setup_id(signal),
        guards=behind.guards,
        exit_rules=behind.lifecycle.exit_rules,
        entry_order=behind.lifecycle.entry_order,
        scoring=behind.strategy.scoring(signal.details),
        levels=_levels(signal, behind.strategy.trade_rules.entry_valid_bars),
    )


def _named(signal: Signal) -> str:
    return f"{signal.instrument_id} {signal.timeframe} {signal.close_time.isoformat()} {signal.strategy}"


def _levels(signal: Signal, valid_bars: int) -> tuple[EntryLevel, ...]:
    """The entries beside the first one, as the signal tells them, for so many bars."""
    told = signal.details.get("entries")
    if not isinstance(told, list):
        return ()
    until = signal.close_time + valid_bars * signal.timeframe.duration
    return tuple(EntryLevel(decimal_of(one["price"]), decimal_of(one["share"]), until) for one in told[1:])


def _momentum(signal: Signal) -> Decimal | None:
    """The MACD histogram at the signal's bar, to the last bit; ``None`` where the signal does not tell it."""
    told = signal.details.get("histogram")
    # All digits: the next bar is compared with it, and a rounded value would be a move.
    return Decimal(repr(float(told))) if isinstance(told, int | float) else None


def _sizing(signal: Signal, planner: Planner) -> SizingInputs:
    """The sizing in force, with the volatility (ATR in percent of the price) at the signal's bar where it is read
    and known.
    """
    if not reads_volatility(planner.limits):
        return sizing_inputs(planner.limits)
    snapshot = planner.snapshots.values(signal.instrument_id, signal.timeframe, signal.close_time) or {}
    atr = snapshot.get("atr_14")
    return sizing_inputs(planner.limits, None if atr is None else decimal_of(100 * atr / float(signal.entry_price)))


def _stop_on_losing_side(signal: Signal) -> bool:
    if signal.bias is Bias.LONG:
        return 0 < signal.entry_stop < signal.entry_price
    # Equal is refused as well: a distance of nothing cannot be sized.
    return 0 < signal.entry_price < signal.entry_stop


def _strategy_behind(signal: Signal, strategies: Sequence[StrategyConfig]) -> StrategyConfig:
    for plan in strategies:
        if plan.strategy.name == signal.strategy and plan.covers(signal.instrument_id, signal.timeframe):
            return plan
    raise DataError(
        f"{signal.instrument_id} {signal.timeframe}: signal of {signal.strategy}, which no file of config/strategies "
        "runs here"
    )
