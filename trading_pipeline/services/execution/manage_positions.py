"""Look after open positions when bars close."""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.execution.risk_store import IndicatorReader
from trading_pipeline.services.execution.cancel_leftovers import CancelResult, cancel_leftovers
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.manage_position import ManagedPosition, Managing
from trading_pipeline.services.execution.settle_orders import SettleResult, settle_orders
from trading_pipeline.services.execution.standing_positions import standing_positions
from trading_pipeline.services.execution.trail_stop import TrailingCloses


@dataclass(frozen=True, slots=True)
class ManageResult:
    """What one round of looking after positions did.

    :param changed: ids of the positions that are not as they were, further than that the wave is marked.
    """

    positions: tuple[ManagedPosition, ...]
    settled: SettleResult
    leftovers: CancelResult
    changed: tuple[str, ...]


def manage_positions(
    *, context: ExecutionContext, indicators: IndicatorReader, wave: datetime, finest: Timeframe
) -> ManageResult:
    """Settle orders, answer fills, leave or trail stops, cancel what closed positions left behind.

    The first close after the entry may end the position by its plan's next-bar rule, any close by a signal: of
    its strategy's exit first, of the other side then; funding that is near may end it at any wave. The runner's stop
    follows the closes of the position's own timeframe, or of the finest one where the plan says so. What a close
    decides counts from the next bar. One position's trouble does not keep the others waiting.

    :param wave: the closing instant to manage for.
    :param finest: the shortest timeframe of the universe.
    """
    settled = settle_orders(context=context)
    # One that is opening belongs to the run that sent its entry, until something has filled.
    held = [one for one in context.ledger.live_positions() if one.status is PositionStatus.OPEN]
    plans = context.ledger.plans([one.plan_id for one in held]) if held else {}
    standing = standing_positions(context=context, positions=held, plans=plans)
    managing = Managing(context, indicators, TrailingCloses(wave, finest), standing)
    managed = [managing.manage(position, plans[position.plan_id]) for position in held]
    # Only what succeeded: a wave that is not marked is made up for by the next one.
    context.ledger.mark_managed([one.position_id for one in managed if one.done], wave)
    untouched = standing.untouched(context.ledger.live_positions()) if held else set()
    changed = tuple(one.position_id for one in managed if one.done and one.position_id not in untouched)
    return ManageResult(tuple(managed), settled, cancel_leftovers(context=context), changed)
