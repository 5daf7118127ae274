"""Find out what became of orders, by asking; never by sending."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, OrderReport
from trading_pipeline.domain.portfolio.order_progress import repeats
from trading_pipeline.services.execution.announce_fill import announce_fill
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext

OVERLAP = timedelta(minutes=1)
"""Venue time before the newest known fill that is asked for again, because fills may arrive out of order."""


@dataclass(frozen=True, slots=True)
class SettleResult:
    """What one round of asking brought.

    :param settled: link ids whose state changed, with the new state.
    :param fills: fills heard of, known ones included.
    :param problems: questions the venue did not answer.
    """

    settled: dict[str, IntentState]
    fills: int
    problems: tuple[str, ...]


def settle_orders(*, context: ExecutionContext) -> SettleResult:
    """Ask about every order that is not final, then for fills that are missing.

    Resting orders come with one question for all of them; the others are looked up one by one. A question that is not
    answered is a problem of its own and keeps no other from being asked.
    """
    problems: list[str] = []
    records = context.ledger.open_intents()
    resting = _resting(context, problems) if records else {}  # else nobody is interested in what rests
    began = time.monotonic()
    for record in records:
        link_id = record.intent.order_link_id
        if link_id in resting:
            # Of many that rest mostly nothing has become, and nothing has to be written about those.
            if not repeats(record, resting[link_id]):
                context.ledger.apply_report(resting[link_id])
        elif time.monotonic() - began >= context.retries.patience_s:
            problems.append(f"{link_id}: not asked about, the venue is too slow")
        else:
            _try_to_settle(context, record, problems)
    before = {record.intent.order_link_id: record.state for record in records}
    after = context.ledger.states(list(before)) if before else {}
    settled = {link_id: state for link_id, state in after.items() if state is not before[link_id]}
    return SettleResult(settled, _book_new_fills(context, problems), tuple(problems))


def _resting(context: ExecutionContext, problems: list[str]) -> dict[str, OrderReport]:
    try:
        return {report.order_link_id: report for report in context.trading.open_orders()}
    except POSITION_TROUBLE as error:
        problems.append(f"resting orders: {error}")
        return {}


def _try_to_settle(context: ExecutionContext, record: IntentRecord, problems: list[str]) -> None:
    try:
        _settle_or_conclude(context, record)
    # The venue may not answer, or not know the instrument: a fact about this order alone.
    except POSITION_TROUBLE as error:
        problems.append(f"{record.intent.order_link_id}: {error}")


def _settle_or_conclude(context: ExecutionContext, record: IntentRecord) -> None:
    try:
        settle_order(context, record)
    except ConfigurationError:
        # Two answers of the venue have to say it: that to this question, and its list of instruments.
        if record.intent.instrument_id in context.instruments:
            raise
        _conclude_gone(context, record)


def _conclude_gone(context: ExecutionContext, record: IntentRecord) -> None:
    """The instrument is delisted, and its orders with it; what was filled before stays filled.

    Should the order rest all the same, reconciliation meets one that it does not expect, and halts.
    """
    intent = record.intent
    book_fills(context, context.ledger.plan(intent.plan_id).close_time)
    now = context.ledger.intent(intent.order_link_id)
    report = OrderReport(
        order_link_id=intent.order_link_id,
        venue_order_id=now.venue_order_id,
        instrument_id=intent.instrument_id,
        side=intent.side,
        state=IntentState.CANCELLED,
        quantity=intent.quantity,
        filled_quantity=now.filled_quantity,
        average_price=now.average_price,
        reduce_only=intent.reduce_only,
        reason="the venue lists the instrument no more",
        updated_at=context.clock.now(),
    )
    context.ledger.apply_report(report)


def settle_order(context: ExecutionContext, record: IntentRecord) -> IntentState:
    """Look one order up and let the ledger hear the answer.

    A request whose outcome is open and that the venue, asked again and again after the lookup window,
    knows neither as an order nor by a fill, never arrived: it becomes ``ABSENT``.

    :returns: the state after the answer.
    :raises TemporaryVenueError: the venue did not answer.
    """
    intent = record.intent
    report = context.trading.order(intent.instrument_id, intent.order_link_id)
    if report is not None:
        context.ledger.apply_report(report)
    # An order that was acknowledged and is not found is the venue's lag, never absence.
    elif record.state.unsettled and (record.sent_age_s or 0) >= context.retries.lookup_window_s:
        _conclude_absent(context, record)
    return context.ledger.intent(intent.order_link_id).state


def await_order(context: ExecutionContext, link_id: str, *, final: bool) -> IntentRecord:
    """Look an order up until its outcome is known, or until the retries are used up.

    :param final: wait for the order's end; otherwise for any word of the venue.
    """
    record = context.ledger.intent(link_id)
    for left in context.retries.rounds():
        if record.state.final if final else not record.state.unsettled:
            break
        try:
            settle_order(context, record)
        except TemporaryVenueError as error:
            if not left:
                context.ledger.advance(link_id, IntentState.UNKNOWN, f"the venue does not answer: {error}")
        record = context.ledger.intent(link_id)
        if record.state.unsettled or (final and not record.state.final):
            context.retries.rest()
            record = context.ledger.intent(link_id)
    return record


def book_fills(context: ExecutionContext, since: datetime) -> int:
    """Let the ledger hear every fill since an instant of venue time (UTC); known ones change nothing."""
    fills = context.trading.fills(since)
    for fill in context.ledger.unbooked(fills) if fills else ():
        booking = context.ledger.apply_fill(fill)
        announce_fill(notifier=context.notifier, fill=fill, booking=booking)
    return len(fills)


def _book_new_fills(context: ExecutionContext, problems: list[str]) -> int:
    newest = context.ledger.last_fill_time()
    # The older of both: a fill that a report promised may lie far before the newest one that is booked.
    starts = [context.ledger.fills_missing_since(), None if newest is None else newest - OVERLAP]
    known = [start for start in starts if start is not None]
    try:
        return book_fills(context, min(known)) if known else 0
    except POSITION_TROUBLE as error:
        problems.append(f"fills: {error}")
        return 0


def _conclude_absent(context: ExecutionContext, record: IntentRecord) -> None:
    intent = record.intent
    for _ in range(context.retries.tries - 1):
        context.retries.rest()
        report = context.trading.order(intent.instrument_id, intent.order_link_id)
        if report is not None:
            context.ledger.apply_report(report)
            return
    # Lookups forget orders, fills stay: one of them is the last proof that the order existed.
    book_fills(context, context.ledger.plan(intent.plan_id).close_time)
    context.ledger.advance(
        intent.order_link_id,
        IntentState.ABSENT,
        f"the venue knew no such order {context.retries.lookup_window_s:.0f} s after the request",
    )
