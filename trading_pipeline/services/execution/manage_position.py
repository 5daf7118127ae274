"""Look after one open position when bars close."""

from dataclasses import dataclass

from trading_pipeline.domain.model.errors import VenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import WHOLE_EXITS
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import IndicatorReader
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.follow_fills import follow_position
from trading_pipeline.services.execution.leave_at_close import leave_at_close
from trading_pipeline.services.execution.prove_stop import Protection
from trading_pipeline.services.execution.standing_positions import Standing
from trading_pipeline.services.execution.tell_unheard_exits import tell_unheard_exits
from trading_pipeline.services.execution.trail_stop import TrailingCloses, trail_stop

_NOT_ALL_KNOWN = "flat at the venue, its fills are not all known"


@dataclass(frozen=True, slots=True)
class ManagedPosition:
    """What was done about one position.

    :param done: whether nothing is left to do for this wave.
    """

    position_id: str
    instrument_id: InstrumentId
    action: str
    done: bool


@dataclass(frozen=True, slots=True)
class Managing:
    """What every position of one round is looked after with."""

    context: ExecutionContext
    indicators: IndicatorReader
    closes: TrailingCloses
    standing: Standing

    def manage(self, position: Position, plan: TradePlan) -> ManagedPosition:
        """What was done about one position; its trouble is told and keeps no other waiting."""
        try:
            with self.context.ledger.holding(plan.plan_id):
                action = self._look_after(plan)
        except POSITION_TROUBLE as error:
            self.context.notifier.notify(
                Severity.CRITICAL,
                f"cannot manage {position.instrument_id}",
                f"Plan {plan.plan_id}: {error}. It is tried again; look at the position if this repeats.",
            )
            return ManagedPosition(position.position_id, position.instrument_id, f"venue: {error}", done=False)
        return ManagedPosition(position.position_id, position.instrument_id, action, done=True)

    def _look_after(self, plan: TradePlan) -> str:
        position = self.context.ledger.position_of(plan.plan_id)
        # Read again by who holds it: what changed since the round began is asked about as if it had never stood.
        if position is not None and self.standing.includes(position):
            return self._close(plan, position)
        followed = follow_position(context=self.context, plan=plan)
        protection = followed.protected.protection
        position = self.context.ledger.position_of(plan.plan_id)
        if position is None or position.status is not PositionStatus.OPEN or protection is Protection.CLOSING_FAILED:
            return followed.summary
        if protection is Protection.CLOSED:
            # Not done: what the wave asks of the position is asked again, should it turn out to be open after all.
            raise VenueError(_NOT_ALL_KNOWN)
        return "; ".join(filter(None, [followed.action, self._close(plan, position)]))

    def _close(self, plan: TradePlan, position: Position) -> str:
        """What the close asks for."""
        # Leaving before trailing: a stop that is moved for a position about to be closed is a request for nothing.
        left = leave_at_close(
            context=self.context, indicators=self.indicators, plan=plan, position=position, closes=self.closes
        )
        if left:
            self._doubt(plan)
            return left
        tell_unheard_exits(context=self.context, plan=plan, position=position, closes=self.closes)
        return trail_stop(
            context=self.context, indicators=self.indicators, plan=plan, position=position, closes=self.closes
        )

    def _doubt(self, plan: TradePlan) -> None:
        """A position that was found flat, and that nothing of ours has closed, may yet turn out to be open."""
        position = self.context.ledger.position_of(plan.plan_id)
        made = self.context.ledger.intents_of(plan.plan_id)
        live = position is not None and position.status is PositionStatus.OPEN
        if live and not any(one.intent.purpose in WHOLE_EXITS for one in made):
            raise VenueError(_NOT_ALL_KNOWN)
