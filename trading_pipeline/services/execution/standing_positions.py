"""Which positions stand as their plans want, asked of the venue and the ledger once for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from trading_pipeline.domain.model.orders import TAKE_PROFITS, IntentRecord, IntentState, Purpose, Side
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, VenuePosition
from trading_pipeline.domain.portfolio.due_targets import due_targets, entries_settled, newest_layer
from trading_pipeline.domain.portfolio.stops import Stop, next_stop, reached_by
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext


@dataclass(frozen=True, slots=True)
class Standing:
    """Positions about whose fills, stop and targets nothing is left to do, by their ids."""

    positions: Mapping[str, Position]

    def includes(self, position: Position) -> bool:
        """Whether it is one of them and has not changed since."""
        return self.positions.get(position.position_id) == position

    def untouched(self, now: Sequence[Position]) -> set[str]:
        """Ids of those that are as they were, but for the wave they are managed through."""
        before = self.positions
        return {
            one.position_id
            for one in now
            if one.position_id in before
            and replace(one, managed_through=before[one.position_id].managed_through) == before[one.position_id]
        }


def standing_positions(
    *, context: ExecutionContext, positions: Sequence[Position], plans: Mapping[str, TradePlan]
) -> Standing:
    """Those of which the venue shows what the ledger has, and whose orders are where they should be.

    Only ever a reason to ask less: of a position that is not among them, be it that the venue gave no answer, each
    question is asked by itself.

    :param positions: open ones.
    :param plans: those that opened them, by plan id.
    """
    if not positions:
        return Standing({})
    try:
        held = context.trading.positions()
    except POSITION_TROUBLE:
        return Standing({})
    intents = context.ledger.intents_by_position([one.position_id for one in positions])
    standing = [
        one
        for one in positions
        if _as_held(one, [row for row in held if row.instrument_id == one.instrument_id])
        and _nothing_due(context, plans[one.plan_id], one, intents[one.position_id])
    ]
    return Standing({one.position_id: one for one in standing})


def _as_held(position: Position, held: Sequence[VenuePosition]) -> bool:
    expected = (Side.opening(position.bias), position.quantity, position.stop_price)
    return [(one.side, one.quantity, one.stop_loss) for one in held] == [expected]


def _nothing_due(
    context: ExecutionContext, plan: TradePlan, position: Position, records: Sequence[IntentRecord]
) -> bool:
    """Whether every fill is answered, no order is under way but targets that rest, and the stop is where it belongs."""
    entries = [one for one in records if one.intent.purpose is Purpose.ENTRY]
    others = [one for one in records if one.intent.purpose is not Purpose.ENTRY]
    if position.booked_fills != position.followed_fills or not entries_settled(position, entries):
        return False
    if any(not one.state.final for one in entries) or not all(_rests_or_ended(one) for one in others):
        return False
    instrument = context.instruments.get(plan.instrument_id)
    if instrument is None:
        return False
    layer = newest_layer(entries)
    resting = [one for one in others if not one.state.final]
    for_sale = sum((one.intent.quantity - one.filled_quantity for one in resting), Decimal(0))
    if for_sale > position.quantity or any(one.intent.layer < layer for one in resting):
        return False
    due = {target.link_id for target in due_targets(plan, position, records, layer, instrument)}
    stop = next_stop(plan, position, reached_by(records, entries), instrument)
    placed = {one.intent.order_link_id for one in others}
    return due <= placed and stop == Stop(position.stop_price, position.stop_kind)


def _rests_or_ended(record: IntentRecord) -> bool:
    """Of a target; an exit of the whole position that was begun has to be carried on."""
    known = record.state is not IntentState.INTENDED and not record.state.unsettled
    return record.intent.purpose in TAKE_PROFITS and known
