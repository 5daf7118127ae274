"""``/orchestrator/*`` and ``/pnl/today`` of the spot bot; a symbol is a parameter of the query."""

from pydantic import BaseModel

from trading_pipeline.api.context import ApiContext, Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Key, Money
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(tags=["spot bot"])
READ, TRADE, ADMINISTER = (needs(one) for one in Permission)


class Orchestrator(BaseModel):
    """Whether an instrument is entered."""

    symbol: str
    state: str
    reason: str


class Done(BaseModel):
    """What became of a command."""

    ok: bool = True
    status: Orchestrator


class Today(BaseModel):
    """The day in UTC so far."""

    symbol: str
    pnl_quote: Money
    turnover_quote: Money
    orders_count: int


@router.get("/orchestrator/status", openapi_extra=READ)
def status(context: Context, symbol: Key) -> Orchestrator:
    """Running, or halted and why."""
    return _status(context, _instrument(context, symbol))


@router.post("/orchestrator/stop", openapi_extra=TRADE)
@router.post("/orchestrator/pause", openapi_extra=TRADE)
def stop(context: Context, who: Who, symbol: Key) -> Done:
    """Enter nothing new."""
    instrument_id = _instrument(context, symbol)
    context.commands.halt(who, instrument_id, "stopped by /orchestrator")
    return Done(status=_status(context, instrument_id))


@router.post("/orchestrator/start", openapi_extra=TRADE)
@router.post("/orchestrator/resume", openapi_extra=TRADE)
def start(context: Context, who: Who, symbol: Key) -> Done:
    """Enter again, where venue and ledger agree."""
    instrument_id = _instrument(context, symbol)
    context.commands.resume(who, instrument_id, "", forced=False)
    return Done(status=_status(context, instrument_id))


@router.get("/pnl/today", openapi_extra=READ)
def today(context: Context, symbol: Key) -> Today:
    """What today brought: positions closed, fills, orders."""
    instrument_id = _instrument(context, symbol)
    result = context.looks.day(instrument_id, day_of(context.now()))
    return Today(
        symbol=instrument_id.symbol,
        pnl_quote=result.net_pnl,
        turnover_quote=result.turnover,
        orders_count=result.orders,
    )


def _instrument(context: ApiContext, symbol: str) -> InstrumentId:
    """A symbol may be written with a slash, as exchanges for spot do."""
    return known_instrument(symbol.replace("/", ""), context.reader, context.universe)


def _status(context: ApiContext, instrument_id: InstrumentId) -> Orchestrator:
    covering = [one for one in context.looks.halts() if one.scope.instrument_id in (None, instrument_id)]
    reason = "; ".join(one.reason for one in covering)
    return Orchestrator(symbol=instrument_id.symbol, state="paused" if covering else "running", reason=reason)
