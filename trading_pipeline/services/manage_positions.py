"""Look after open positions when bars close."""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.errors import VenueError
from trading_pipeline.domain.model.orders import TAKE_PROFITS, IntentRecord
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.domain.portfolio.stops import TargetsReached, next_stop, targets_reached
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.risk_store import IndicatorReader
from trading_pipeline.services.cancel_leftovers import CancelResult, cancel_leftovers
from trading_pipeline.services.desk import Desk
from trading_pipeline.services.leave_by_signal import leave_by_signal
from trading_pipeline.services.leave_next_bar import leave_next_bar
from trading_pipeline.services.move_stop import move_stop
from trading_pipeline.services.protect_position import Protection, protect_position
from trading_pipeline.services.settle_orders import SettleResult, settle_orders


@dataclass(frozen=True, slots=True)
class ManagedPosition:
    """What was done about one position.

    :param done: whether nothing is left to do for this wave.
    """

    position_id: str
    symbol: str
    action: str
    done: bool


@dataclass(frozen=True, slots=True)
class ManageResult:
    """What one round of looking after positions did."""

    positions: tuple[ManagedPosition, ...]
    settled: SettleResult
    leftovers: CancelResult


def manage_positions(*, desk: Desk, indicators: IndicatorReader, wave: datetime) -> ManageResult:
    """Settle orders, prove stops, leave or move stops, cancel what closed positions left behind.

    The first close after the entry may end the position by its plan's next-bar rule, any close by a signal: of
    its strategy's exit first, of the other side then.
    After the first target the stop goes to the average entry price, after the last one it trails the
    close of the position's own timeframe. What the close of a bar decides counts from the next bar.
    One position's trouble does not keep the others waiting.

    :param wave: the closing instant to manage for.
    """
    settled = settle_orders(desk=desk)
    managed = [
        _manage(desk, indicators, position, wave)
        for position in desk.ledger.live_positions()
        if position.status is PositionStatus.OPEN
    ]
    return ManageResult(tuple(managed), settled, cancel_leftovers(desk=desk))


def _manage(desk: Desk, indicators: IndicatorReader, position: Position, wave: datetime) -> ManagedPosition:
    plan = desk.ledger.plan(position.plan_id)
    try:
        action = _look_after(desk, indicators, plan, wave)
    except VenueError as error:
        desk.notifier.notify(
            Severity.CRITICAL,
            f"cannot manage {position.symbol}",
            f"Plan {plan.plan_id}: {error}. It is tried again; look at the position if this repeats.",
        )
        return ManagedPosition(position.position_id, position.symbol, f"venue: {error}", done=False)
    desk.ledger.mark_managed(position.position_id, wave)
    return ManagedPosition(position.position_id, position.symbol, action, done=True)


def _look_after(desk: Desk, indicators: IndicatorReader, plan: TradePlan, wave: datetime) -> str:
    protection = protect_position(desk=desk, plan=plan).protection
    position = desk.ledger.position_of(plan.plan_id)
    if position is None or position.status is not PositionStatus.OPEN or protection is Protection.CLOSING_FAILED:
        return str(protection)
    if protection is Protection.CLOSED:
        return "flat at the venue, its fills are not all known"
    bar_close = plan.timeframe.floor(wave)
    due, left = _due(position, bar_close), None
    if due:
        left = leave_next_bar(desk=desk, indicators=indicators, plan=plan, position=position, bar_close=bar_close)
    left = left or leave_by_signal(desk=desk, plan=plan, position=position, bar_close=bar_close)
    if not due:
        return left or "no bar of its timeframe closed"
    return left or _follow(desk, indicators, position, plan, bar_close)


def _due(position: Position, bar_close: datetime) -> bool:
    """Whether a bar of its own closed that it was open in and that was not looked at yet."""
    if position.opened_at is None or position.managed_through is None:
        return False
    return position.managed_through < bar_close and position.opened_at < bar_close


def _follow(desk: Desk, indicators: IndicatorReader, position: Position, plan: TradePlan, bar_close: datetime) -> str:
    reached = _reached(desk.ledger.intents_of(plan.plan_id))
    reading = indicators.latest_indicator(plan.symbol, plan.timeframe, bar_close, f"atr_{plan.runner.atr_period}")
    if reading is None and reached.last:
        desk.notifier.notify(
            Severity.WARNING,
            f"no ATR: {plan.symbol}",
            f"The {plan.timeframe} bar of {bar_close:%Y-%m-%d %H:%M} UTC has no ATR; the stop does not trail.",
        )
    close, atr = (None, None) if reading is None else (reading.close, reading.value)
    stop = next_stop(plan, position, reached, desk.instrument(plan.symbol), close, atr)
    return move_stop(desk=desk, plan=plan, position=position, stop_price=stop, close=close)


def _reached(records: list[IntentRecord]) -> TargetsReached:
    targets = {record.intent.purpose: record.state for record in records if record.intent.purpose in TAKE_PROFITS}
    return targets_reached(targets)
