"""Let the runner's stop follow the closes, and the live stop follow it where its turn has come."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.plans import TradePlan, TrailAt, TrailRule
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.stops import percent_level, ratcheted, runner_indicator, runner_level
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import IndicatorReader
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.move_stop import pull_stop


@dataclass(frozen=True, slots=True)
class TrailingCloses:
    """Which closes a position has to answer at a wave.

    :param finest: the shortest timeframe of the universe.
    """

    wave: datetime
    finest: Timeframe

    def step(self, plan: TradePlan) -> Timeframe:
        """The timeframe whose closes count for the plan."""
        return self.finest if plan.runner.trail_at is TrailAt.FINEST else plan.timeframe

    def since_managed(self, plan: TradePlan, position: Position) -> Iterator[datetime]:
        """Closes up to the wave that the position was open at and that were not looked at yet, oldest first."""
        return self._since_managed(self.step(plan), position)

    def own_since_managed(self, plan: TradePlan, position: Position) -> Iterator[datetime]:
        """Those of the plan's own timeframe, at which its strategy is asked."""
        return self._since_managed(plan.timeframe, position)

    def _since_managed(self, step: Timeframe, position: Position) -> Iterator[datetime]:
        if position.opened_at is None or position.managed_through is None:
            return
        # The first close after both: the bar in which the position was opened does not move its own stop.
        close_time = step.floor(max(position.opened_at, position.managed_through)) + step.duration
        while close_time <= self.wave:
            yield close_time
            close_time += step.duration


def trail_stop(
    *,
    context: ExecutionContext,
    indicators: IndicatorReader,
    plan: TradePlan,
    position: Position,
    closes: TrailingCloses,
) -> str:
    """Ratchet the runner's stop over every close not looked at yet, remember it, and move the stop.

    Waves that were missed are made up for, so a pause leaves the stop where it would have come without it.

    :returns: what was done, for the record.
    :raises VenueError: it is not known whether the stop was moved; doing it again is harmless.
    """
    close: Decimal | None = None
    due = list(closes.since_managed(plan, position))
    if not due:
        return "no bar of its timeframe closed"
    runner_stop = position.runner_stop_price
    for close_time in due:
        close, level = _level(context, indicators, plan, position, close_time, closes.step(plan))
        runner_stop = ratcheted(plan.bias, runner_stop, level)
    if runner_stop is not None and runner_stop != position.runner_stop_price:
        context.ledger.set_runner_stop(position.position_id, runner_stop)
        position = replace(position, runner_stop_price=runner_stop)
    moved = pull_stop(context=context, plan=plan, position=position, close=close)
    return moved or f"stop stays at {position.stop_price}"


def _level(
    context: ExecutionContext,
    indicators: IndicatorReader,
    plan: TradePlan,
    position: Position,
    close_time: datetime,
    step: Timeframe,
) -> tuple[Decimal | None, Decimal | None]:
    """The close, and where it puts the runner's stop by the newest closed bar of the plan's own timeframe.

    A number that is missing where the rule needs it is told; the runner's stop then waits.
    """
    close = indicators.close_price(plan.instrument_id, step, close_time)
    if plan.runner.trail is TrailRule.PERCENT:
        best = indicators.best_price(plan.instrument_id, step, plan.close_time, close_time, plan.bias)
        if best is None or position.entry_price is None:
            return close, None
        return close, percent_level(plan, context.instrument(plan.instrument_id), position.entry_price, best)
    name = runner_indicator(plan.runner, plan.bias)
    if name is None:
        return close, None
    own_close = plan.timeframe.floor(close_time)
    reading = indicators.latest_indicator(plan.instrument_id, plan.timeframe, own_close, name)
    if reading is None or close is None:
        context.notifier.notify(
            Severity.WARNING,
            f"no {name}: {plan.instrument_id}",
            f"Plan {plan.plan_id}: the close of {close_time:%Y-%m-%d %H:%M} UTC is {close}, {name} of the "
            f"{plan.timeframe} bar of {own_close:%Y-%m-%d %H:%M} UTC is "
            f"{'not stored' if reading is None else reading.value}; the runner's stop does not move.",
        )
        return close, None
    return close, runner_level(plan, context.instrument(plan.instrument_id), close, reading.value)
