"""Send an order at most once, whatever happens in between."""

from dataclasses import dataclass, replace

from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderRejectedByVenue,
    TradingForbiddenByVenue,
    TurnedAway,
    VenueError,
)
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, Purpose
from trading_pipeline.domain.portfolio.stops import tighter
from trading_pipeline.domain.risk.entry_size import leverage_of
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.halt_trading import halt_trading
from trading_pipeline.services.execution.settle_orders import await_order
from trading_pipeline.services.execution.undivided import undivided


@dataclass(frozen=True, slots=True)
class SubmitOutcome:
    """Where an intent stands after this run did what it may.

    :param sent: whether this call sent the request.
    """

    order_link_id: str
    plan_id: str
    instrument_id: InstrumentId
    state: IntentState
    reason: str
    sent: bool


def submit_order(*, context: ExecutionContext, order_link_id: str) -> SubmitOutcome:
    """Send a stored intent, or find out what became of it when it was sent before.

    ``SENT`` is committed before the request leaves, so after a crash anywhere the order is looked up
    and not sent again. The one way back to ``INTENDED`` is a venue that refused before looking
    (``TurnedAway``); it is sent again after the pause, while it is valid.

    :raises ConfigurationError: it is another account's order.
    """
    sent, delay = False, None
    for _ in context.retries.rounds():
        record = context.ledger.intent(order_link_id)
        if record.state is not IntentState.INTENDED:
            break
        _require_own(context, record.intent)
        # Asked right before every try: a halt, or the end of its time, may have come during the pause.
        reason = _obsolete(context, record.intent)
        if reason:
            context.ledger.advance(order_link_id, IntentState.EXPIRED, reason)
            break
        delay = _send(context, record.intent)
        if delay is None:
            sent = True
            break
        if not context.retries.waits_for(delay.cause):
            break
        context.retries.rest(delay.pause_s)
    record = await_order(context, order_link_id, final=False)
    intent, reason = record.intent, record.reason
    if record.state is IntentState.INTENDED and delay is not None:
        reason = f"not sent yet: {delay.reason}"
        context.notifier.notify(
            Severity.WARNING, f"not sent: {intent.instrument_id}", f"{order_link_id}: {delay.reason}"
        )
    return SubmitOutcome(order_link_id, intent.plan_id, intent.instrument_id, record.state, reason, sent)


def _require_own(context: ExecutionContext, intent: OrderIntent) -> None:
    """Refuse to send through one account's key what was decided for another."""
    if intent.account_id != context.account_id:
        raise ConfigurationError(
            f"{intent.order_link_id} is an order of {intent.account_id}, this run trades {context.account_id}; run it "
            "with that account's key"
        )


@dataclass(frozen=True, slots=True)
class _Delay:
    """The request did not leave; it may be tried again after the pause."""

    cause: VenueError
    reason: str

    @property
    def pause_s(self) -> float | None:
        """Wall seconds that the venue asks for, where it does."""
        return self.cause.retry_after_s if isinstance(self.cause, TurnedAway) else None


def _obsolete(context: ExecutionContext, intent: OrderIntent) -> str:
    """Why the order must not be sent any more, empty where it may."""
    if context.clock.now() > intent.valid_until:
        return "too late to be sent"
    if intent.purpose is Purpose.ENTRY:
        # Admitted by a run before this one; it must not keep the other entries of this one waiting.
        if intent.instrument_id not in context.instruments:
            return "the venue lists the instrument no more"
        halts = context.halts.halts()
        covering = (halt for halt in halts if halt.scope.covers(intent.account_id, intent.instrument_id))
        standing = next(covering, None)
        if standing is not None:
            return str(standing)
    position = context.ledger.position_of(intent.plan_id) if _adds(intent) else None
    flat = position is not None and position.entry_quantity > 0 and not position.quantity
    return "the position it adds to was closed before it was sent" if flat else ""


def _adds(intent: OrderIntent) -> bool:
    """Whether it adds to a position that is there, or may be: a layer, or a later order of an entry."""
    return intent.purpose is Purpose.ENTRY and (intent.layer > 1 or intent.attempt > 0)


def _protective(context: ExecutionContext, intent: OrderIntent) -> OrderIntent:
    """The order with the stop that goes with it: the position's where a layer's own is looser.

    The stop of an order becomes that of the whole position when it fills, so that the looser one would loosen it.
    """
    position = context.ledger.position_of(intent.plan_id) if _adds(intent) else None
    if position is None or intent.stop_loss is None:
        return intent
    return replace(intent, stop_loss=tighter(position.bias, intent.stop_loss, position.stop_price))


def _send(context: ExecutionContext, intent: OrderIntent) -> _Delay | None:
    """One try; ``None`` when there is nothing to repeat."""
    link_id = intent.order_link_id
    try:
        if intent.purpose is Purpose.ENTRY:
            leverage = leverage_of(context.instrument(intent.instrument_id), context.limits)
            # Before SENT: leverage may be set again and again, and
            # one that fails leaves an order that may still be sent.
            context.trading.set_leverage(intent.instrument_id, leverage)
    except TradingForbiddenByVenue as error:
        # Only a sent intent can be rejected; the request for leverage was its beginning.
        context.ledger.advance(link_id, IntentState.SENT)
        _refused(context, intent, error)
        return None
    except VenueError as error:
        return _Delay(error, f"leverage could not be set: {error}")
    protective = _protective(context, intent)
    with undivided():
        if not context.ledger.advance(link_id, IntentState.SENT):
            return None  # another run was faster, its outcome is looked up
        return _post(context, protective)


def _post(context: ExecutionContext, intent: OrderIntent) -> _Delay | None:
    link_id = intent.order_link_id
    try:
        acknowledgement = context.trading.submit(intent)
    # Answered before the order engine looks: the one error after which sending again is safe.
    except TurnedAway as error:
        context.ledger.advance(link_id, IntentState.INTENDED, str(error))
        return _Delay(error, str(error))
    except (OrderRejectedByVenue, TradingForbiddenByVenue) as error:
        _refused(context, intent, error)
    # Everything that is no clear no: the order may exist.
    except VenueError as error:
        context.ledger.advance(link_id, IntentState.UNKNOWN, str(error))
    else:
        context.ledger.advance(link_id, IntentState.ACKNOWLEDGED, venue_order_id=acknowledgement.venue_order_id)
    return None


def _refused(context: ExecutionContext, intent: OrderIntent, error: VenueError) -> None:
    """A definite no: book it and say so; an account that may not trade is halted as a whole."""
    context.ledger.advance(intent.order_link_id, IntentState.REJECTED, str(error))
    context.notifier.notify(
        Severity.WARNING,
        f"rejected: {intent.instrument_id} {intent.purpose.name.lower()}",
        f"The venue rejected {intent.order_link_id}: {error}",
    )
    if isinstance(error, TradingForbiddenByVenue):
        reason = f"the venue forbids trading: {error}"
        halt = Halt(HaltScope.of(account_id=intent.account_id), reason, context.clock.now(), run_id=context.run_id)
        halt_trading(halts=context.halts, notifier=context.notifier, halt=halt)
