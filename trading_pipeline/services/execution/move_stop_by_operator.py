"""A person moves the stop of an open position."""

from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.commands import OperatorCommand
from trading_pipeline.domain.model.errors import OrderDenied, StopPassed, UnknownName, VenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.domain.portfolio.stops import Stop, operator_stop
from trading_pipeline.services.execution.close_by_operator import OpenContext
from trading_pipeline.services.execution.close_position import venue_position
from trading_pipeline.services.execution.controls import Controls, recorded
from trading_pipeline.services.execution.execution_context import ExecutionContext


@dataclass(frozen=True, slots=True)
class StopWanted:
    """Where the stop is to be.

    :param price: quote currency.
    :param loosen: whether more may be lost than with the present one.
    :param position_id: only of this position of the instrument; empty for whichever is open.
    """

    price: Decimal
    loosen: bool = False
    position_id: str = ""

    def __str__(self) -> str:
        """For the record."""
        return f"stop to {self.price}{', loosened' if self.loosen else ''}"


@dataclass(frozen=True, slots=True)
class StopMoved:
    """What was done, in a sentence, about which position."""

    position_id: str
    said: str


def move_stop_by_operator(
    *, open_context: OpenContext, controls: Controls, command: OperatorCommand, wanted: StopWanted
) -> StopMoved:
    """Set the stop of our position in the command's instrument at the venue, look whether it is there, and remember it.

    Twice is once. The position's lock is held meanwhile, so that no run moves the stop at the same time.

    :param open_context: the account.
    :raises ConfigurationError: the command gives no reason, or the price is none.
    :raises UnknownName: nothing of ours is open there.
    :raises OrderDenied: it would be looser and is not said to be, or the price has passed it; the old stop stands.
    :raises VenueError: it was not moved, or it is not known whether it was; doing it again is harmless.
    """
    command.require_reason()
    with recorded(controls.commands, command, str(wanted)) as done:
        context = open_context()
        plan_id = _open(context, InstrumentId.parse(command.scope), wanted).plan_id
        with context.ledger.holding(plan_id):
            # Read anew under the lock: what moved the stop meanwhile is what the wanted one is held against.
            position = _open(context, InstrumentId.parse(command.scope), wanted)
            stop = operator_stop(
                position, wanted.price, context.instrument(position.instrument_id), loosen=wanted.loosen
            )
            said = _moved(context, context.ledger.plan(plan_id), position, stop)
        done.append(said)
    return StopMoved(position.position_id, said)


def _open(context: ExecutionContext, instrument_id: InstrumentId, wanted: StopWanted) -> Position:
    for one in context.ledger.live_positions():
        named = wanted.position_id in ("", one.position_id)
        if named and one.instrument_id == instrument_id and one.status is PositionStatus.OPEN:
            return one
    which = f" with id {wanted.position_id}" if wanted.position_id else ""
    raise UnknownName(f"no position of ours{which} is open in {instrument_id}")


def _moved(context: ExecutionContext, plan: TradePlan, position: Position, stop: Stop) -> str:
    problem: VenueError | None = None
    try:
        context.trading.set_stop_loss(position.instrument_id, stop.price)
    except StopPassed as error:
        raise OrderDenied(
            "move_stop",
            f"the price has passed {stop.price}, so that it cannot rest ({error}); the stop stays at "
            f"{position.stop_price}. Close the position to leave it",
        ) from error
    except VenueError as error:
        problem = error
    # Looked at whatever the answer was: a lost answer may hide a success, and an answer proves no stop.
    held = venue_position(context, plan)
    if held is None:
        raise OrderDenied("move_stop", f"{position.instrument_id} is flat at the venue; there is no stop to move")
    if held.stop_loss != stop.price:
        raise problem or VenueError(f"the venue accepted {stop.price} and says that the stop is at {held.stop_loss}")
    if (stop.price, stop.kind) == (position.stop_price, position.stop_kind):
        return f"the stop of {position.position_id} stands at {stop.price} already"
    context.ledger.set_stop(position.position_id, stop.price, stop.kind)
    return f"moved the stop of {position.position_id} from {position.stop_price} to {stop.price}"
