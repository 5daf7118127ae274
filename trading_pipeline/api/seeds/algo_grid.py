"""``/api/v1/signals``, ``positions``, ``config``, ``users`` and ``admin/kill_switch`` of the algo grid."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel

from trading_pipeline.api.context import ApiContext, Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routers.execution import Launched
from trading_pipeline.api.routing import Router
from trading_pipeline.api.seeds.divergence_bot import Config
from trading_pipeline.api.seeds.shapes import Items, Limit, items, shown
from trading_pipeline.api.shapes import Body, Instant, Key, Words
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.halts import ALL
from trading_pipeline.services.operations.read_records import one_record

router = Router(prefix="/api/v1", tags=["algo grid"])
READ, TRADE, ADMINISTER = (needs(one) for one in Permission)


class Switching(Body):
    """Which way the kill switch is turned; on unless told otherwise."""

    active: bool = True
    reason: Words = ""


class Switched(BaseModel):
    """Which way it stands."""

    kill_switch_active: bool


class SwitchState(BaseModel):
    """Which way it stands, since when and why."""

    active: bool
    reason: str
    updated_at: datetime | None


class Closing(Body):
    """Why."""

    reason: Words = "closed by /api/v1/positions"


@router.get("/signals", openapi_extra=READ)
def signals(
    context: Context,
    symbol: Key | None = None,
    direction: Key | None = None,
    since: Instant | None = None,
    limit: Limit = 100,
) -> list[dict[str, Any]]:
    """Entries that strategies signal, newest first."""
    bias = direction.lower() if direction else None
    return items(context, "signals", limit, since=since, instrument_id=symbol, bias=bias, kind="entry").items


@router.get("/signals/{signal_id}", openapi_extra=READ)
def signal(context: Context, signal_id: Annotated[Key, Path()]) -> dict[str, Any]:
    """One signal."""
    return shown(one_record(reader=context.reader, collection="signals", identity=signal_id))


@router.get("/positions", openapi_extra=READ)
def positions(context: Context, symbol: Key | None = None, limit: Limit = 100) -> list[dict[str, Any]]:
    """Open positions."""
    return items(context, "positions", limit, instrument_id=symbol, status="open").items


@router.get("/positions/{position_id}", openapi_extra=READ)
def position(context: Context, position_id: Annotated[Key, Path()]) -> dict[str, Any]:
    """One position, open or closed."""
    return shown(one_record(reader=context.reader, collection="positions", identity=position_id))


@router.post("/positions/{position_id}/close", status_code=202, openapi_extra=TRADE)
def close(context: Context, who: Who, position_id: Annotated[Key, Path()], body: Closing | None = None) -> Launched:
    """Leave a position at market, as a run."""
    found = one_record(reader=context.reader, collection="positions", identity=position_id)
    reason = (body or Closing()).reason
    return Launched.of(context.commands.close(who, str(found["instrument_id"]), reason))


@router.get("/config", openapi_extra=READ)
def config(context: Context) -> Config:
    """What the process runs with."""
    return Config(config=context.looks.public_settings())


@router.get("/admin/kill_switch", openapi_extra=ADMINISTER)
def kill_switch(context: Context) -> SwitchState:
    """Which way the kill switch stands."""
    return _state(context)


@router.post("/admin/kill_switch", openapi_extra=ADMINISTER)
def switch(context: Context, who: Who, body: Switching) -> Switched:
    """Stop every new entry, or let them go on where venue and ledger agree."""
    if body.active:
        context.commands.halt(who, ALL, body.reason or "kill switch by /api/v1/admin/kill_switch")
    else:
        context.commands.resume(who, ALL, body.reason, forced=False)
    return Switched(kill_switch_active=_state(context).active)


@router.get("/admin/reconciliation/status", openapi_extra=ADMINISTER)
def reconciliation(context: Context, limit: Limit = 50) -> Items:
    """The newest differences between venue and ledger."""
    return items(context, "differences", limit)


def _state(context: ApiContext) -> SwitchState:
    standing = next((one for one in context.looks.halts() if one.scope == ALL), None)
    if standing is None:
        return SwitchState(active=False, reason="", updated_at=None)
    return SwitchState(active=True, reason=standing.reason, updated_at=standing.since)
