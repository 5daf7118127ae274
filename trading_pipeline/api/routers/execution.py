"""Commands of people: stop, let go on, close, compare."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from trading_pipeline.api.commands import ScopeChanged
from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Key, Money, Words
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.halts import ALL
from trading_pipeline.domain.model.launched import LaunchedJob
from trading_pipeline.domain.model.records import MOST_RECORDS
from trading_pipeline.services.execution.move_stop_by_operator import StopWanted
from trading_pipeline.services.operations.read_records import one_record

router = Router(prefix="/execution", tags=["execution"])
Reason = Annotated[
    Words, Field(min_length=1, description="why, in a sentence; kept for good", examples=["maintenance"])
]


class Halting(Body):
    """What is halted, and why."""

    scope: Key = Field(description="all, an instrument such as BTCUSDT, or an account", examples=["BTCUSDT"])
    reason: Reason


class Resuming(Body):
    """What may go on."""

    scope: Key = Field(examples=["BTCUSDT"])
    reason: Words = ""
    force: bool = Field(default=False, description="without comparing venue and ledger; administrators, with a reason")


class Switching(Body):
    """Which way the kill switch is turned."""

    reason: Reason
    close: bool = Field(default=False, description="leave every position at market, too")


class Explained(Body):
    """Why it is done."""

    reason: Reason


class MovingStop(Explained):
    """Where the stop is to be, and why."""

    price: Money = Field(gt=0, description="quote currency, a whole number of ticks", examples=["99000.5"])
    loosen: bool = Field(default=False, description="also where more may be lost than now")


class Changed(BaseModel):
    """What a command did."""

    scope: str
    changed: bool = Field(description="false where it stood, or did not, before")

    @classmethod
    def of(cls, done: ScopeChanged) -> Self:
        """As it is told."""
        return cls(scope=done.scope, changed=done.changed)


class Launched(BaseModel):
    """A run that goes on by itself; its page says what becomes of it."""

    job: str
    run_id: str
    run_page: str

    @classmethod
    def of(cls, launched: LaunchedJob) -> Self:
        """As it is told."""
        return cls(job=launched.job, run_id=launched.run_id, run_page=launched.page)


class DeadLetter(BaseModel):
    """A message, who heard it, and why it was buried."""

    model_config = ConfigDict(from_attributes=True)

    letter_id: str
    buried_at: datetime
    source: str
    reason: str
    payload: str


class DeadLetters(BaseModel):
    """Some of them."""

    items: list[DeadLetter]


class Replayed(BaseModel):
    """What came of a message that was read again."""

    letter_id: str
    done: str


class Switched(Changed):
    """The kill switch; `run` where positions are being closed."""

    run: Launched | None = None


@router.post("/halts", openapi_extra=needs(Permission.TRADE))
def halt(context: Context, who: Who, body: Halting) -> Changed:
    """Stop new entries in an instrument, an account or everything; what is open stays protected."""
    return Changed.of(context.commands.halt(who, body.scope, body.reason))


@router.post("/resume", openapi_extra=needs(Permission.TRADE))
def resume(context: Context, who: Who, body: Resuming) -> Changed:
    """Let entries go on, once venue and ledger agree."""
    return Changed.of(context.commands.resume(who, body.scope, body.reason, forced=body.force))


@router.put("/kill-switch", openapi_extra=needs(Permission.TRADE))
def engage(context: Context, who: Who, body: Switching) -> Switched:
    """Stop every new entry at once, and with `close` leave every position, as a run."""
    done = context.commands.halt(who, ALL, body.reason, flatten=body.close)
    run = context.commands.close_everything(who, body.reason) if body.close else None
    return Switched(scope=done.scope, changed=done.changed, run=run and Launched.of(run))


@router.delete("/kill-switch", openapi_extra=needs(Permission.ADMINISTER))
def clear(context: Context, who: Who, force: bool = False, reason: Words = "") -> Changed:
    """Let entries go on again; an administrator alone does it."""
    return Changed.of(context.commands.resume(who, ALL, reason, forced=force))


@router.post("/signals/{signal_id}/open", status_code=202, openapi_extra=needs(Permission.TRADE))
def open_signal(context: Context, who: Who, signal_id: Annotated[Key, Path()], body: Explained) -> Launched:
    """Enter what a stored signal says, by the gate and the orders of the pipeline, as a run.

    409 says why not: its plan has had an order, is being executed, is history or too old, its timeframe is only
    watched, or its instrument is halted. What the gate finds is told by the run.
    """
    return Launched.of(context.commands.orders.open(who, signal_id, body.reason))


@router.post("/positions/{position_id}/close", status_code=202, openapi_extra=needs(Permission.TRADE))
def close(context: Context, who: Who, position_id: Annotated[Key, Path()], body: Explained) -> Launched:
    """Leave a position at market and take back what rests of it, as a run."""
    position = one_record(reader=context.reader, collection="positions", identity=position_id)
    return Launched.of(context.commands.close(who, str(position["instrument_id"]), body.reason))


@router.post("/positions/{position_id}/stop", status_code=202, openapi_extra=needs(Permission.TRADE))
def move_stop(context: Context, who: Who, position_id: Annotated[Key, Path()], body: MovingStop) -> Launched:
    """Put the stop of an open position elsewhere, as a run, which looks at the venue whether it is there.

    It may only reduce what can be lost, unless `loosen` says otherwise; a stop that was loosened stays where it is
    until somebody moves it. On the wrong side of the price it is refused by the run, and the old one stands.
    """
    position = one_record(reader=context.reader, collection="positions", identity=position_id)
    wanted = StopWanted(body.price, body.loosen, position_id)
    return Launched.of(context.commands.orders.move_stop(who, position, wanted, body.reason))


@router.post("/orders/{order_link_id}/cancel", status_code=202, openapi_extra=needs(Permission.TRADE))
def cancel(context: Context, who: Who, order_link_id: Annotated[Key, Path()], body: Explained) -> Launched:
    """Take back a limit entry or a target that rests, as a run; nothing follows it, and what has filled keeps its stop.

    409 for every other order: what leaves a position is seen through, and stops are moved, never cancelled.
    """
    return Launched.of(context.commands.orders.cancel(who, order_link_id, body.reason))


@router.post("/reconciliation", status_code=202, openapi_extra=needs(Permission.TRADE))
def reconcile(context: Context, who: Who) -> Launched:
    """Compare venue and ledger now, as a run."""
    return Launched.of(context.commands.reconcile(who))


@router.get("/dead-letters", openapi_extra=needs(Permission.ADMINISTER))
def dead_letters(context: Context, limit: Annotated[int, Query(ge=1, le=MOST_RECORDS)] = 100) -> DeadLetters:
    """The newest messages that could not be understood, newest first."""
    return DeadLetters(items=[DeadLetter.model_validate(one) for one in context.letters.newest(limit)])


@router.delete("/dead-letters/{letter_id}", status_code=204, openapi_extra=needs(Permission.ADMINISTER))
def drop(context: Context, who: Who, letter_id: Annotated[Key, Path()]) -> None:
    """Forget one for good; what it said stays in the audit trail."""
    context.letters.drop(who, letter_id)


@router.post("/dead-letters/{letter_id}/replay", openapi_extra=needs(Permission.ADMINISTER))
def replay(context: Context, who: Who, letter_id: Annotated[Key, Path()]) -> Replayed:
    """Read one again, and hand it on as if it had just come; what is still not understood stays."""
    return Replayed(letter_id=letter_id, done=context.letters.replay(who, letter_id))
