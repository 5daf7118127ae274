"""``/v1/…`` of the divergence bot: lists as ``{"items": […]}``, and its kill switch."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from trading_pipeline.api.composition import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.seeds.shapes import Items, Limit, items
from trading_pipeline.api.shapes import Body, Key
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.halts import ALL
from trading_pipeline.domain.model.records import MOST_RECORDS
from trading_pipeline.services.operations.read_records import known_instrument

router = APIRouter(prefix="/v1", tags=["divergence bot"])
READ, TRADE, ADMINISTER = (needs(one) for one in Permission)
TradeDate = Annotated[date, Query(description="UTC day", examples=["2025-11-03"])]


class KillSwitch(Body):
    """Which way it is turned."""

    enabled: bool


class KillSwitchState(BaseModel):
    """Which way it stands."""

    kill_switch_enabled: bool


class Config(BaseModel):
    """Settings by variable; only such as hold no secret are there at all."""

    config: dict[str, str]


@router.get("/signals", openapi_extra=READ)
def signals(context: Context, limit: Limit = 50) -> Items:
    """Signals."""
    return items(context, "signals", limit)


@router.get("/trade-plans", openapi_extra=READ)
def trade_plans(context: Context, limit: Limit = 50) -> Items:
    """Trade plans."""
    return items(context, "plans", limit)


@router.get("/orders", openapi_extra=READ)
def orders(context: Context, limit: Limit = 50) -> Items:
    """Orders."""
    return items(context, "orders", limit)


@router.get("/positions", openapi_extra=READ)
def positions(context: Context, limit: Limit = 50) -> Items:
    """Positions."""
    return items(context, "positions", limit)


@router.get("/indicator-snapshots", openapi_extra=READ)
def indicator_snapshots(context: Context, symbol: Key, timeframe: Key, limit: Limit = 50) -> Items:
    """Indicators bar by bar."""
    return items(context, "indicator_snapshots", limit, instrument_id=symbol, timeframe=timeframe)


@router.get("/setups", openapi_extra=READ)
def setups(context: Context, symbol: Key, timeframe: Key, limit: Limit = 50) -> Items:
    """Divergence structures."""
    return items(context, "setups", limit, instrument_id=symbol, timeframe=timeframe)


@router.get("/triggers", openapi_extra=READ)
def triggers(context: Context, symbol: Key, timeframe: Key, limit: Limit = 50) -> Items:
    """Confirmations."""
    return items(context, "triggers", limit, instrument_id=symbol, timeframe=timeframe)


@router.get("/pivots", openapi_extra=READ)
def pivots(context: Context, symbol: Key, timeframe: Key, limit: Limit = 50) -> Items:
    """The three extremes of each setup."""
    return items(context, "pivots", limit, instrument_id=symbol, timeframe=timeframe)


@router.get("/execution-traces", openapi_extra=READ)
def execution_traces(context: Context, idempotency_key: Key, limit: Limit = 200) -> Items:
    """What was ordered about a plan, in the order in which it was meant; the key is the plan's id."""
    return items(context, "orders", limit, newest_first=False, plan_id=idempotency_key)


@router.get("/account-snapshots", openapi_extra=READ)
def account_snapshots(context: Context, trade_date: TradeDate, limit: Limit = 200) -> Items:
    """Readings of the accounts' money on a day."""
    day = datetime.combine(trade_date, datetime.min.time(), UTC)
    return items(context, "equity", limit, since=day, until=day + timedelta(days=1))


@router.get("/backtest-runs", openapi_extra=READ)
def backtest_runs(
    context: Context, symbol: Key | None = None, timeframe: Key | None = None, limit: Limit = 50
) -> Items:
    """Finished backtests; of a symbol those among the newest thousand that it had a part in."""
    if symbol is None:
        return items(context, "backtests", limit, timeframe=timeframe)
    meant = known_instrument(symbol, context.reader, context.universe)
    found = items(context, "backtests", MOST_RECORDS, timeframe=timeframe).items
    return Items(items=[one for one in found if meant in one["instrument_ids"]][: max(limit, 1)])


@router.get("/backtest-trades", openapi_extra=READ)
def backtest_trades(context: Context, run_id: Key, limit: Limit = 500) -> Items:
    """Trades of a backtest, in the order of their entries."""
    return items(context, "backtest_trades", limit, newest_first=False, run_id=run_id)


@router.get("/config", openapi_extra=READ)
def config(context: Context) -> Config:
    """What the process runs with."""
    return Config(config=context.looks.public_settings())


@router.get("/dlq", openapi_extra=ADMINISTER)
def dead_letters(context: Context, limit: Limit = 50) -> Items:
    """Messages that could not be understood, with their reasons."""
    return Items(items=[dict(one) for one in context.looks.dead_letters(limit)])


@router.post("/admin/kill-switch", openapi_extra=ADMINISTER)
def kill_switch(context: Context, who: Who, body: KillSwitch) -> KillSwitchState:
    """Stop every new entry, or let them go on where venue and ledger agree."""
    if body.enabled:
        context.commands.halt(who, ALL, "kill switch by /v1/admin/kill-switch")
    else:
        context.commands.resume(who, ALL, "", forced=False)
    return KillSwitchState(kill_switch_enabled=body.enabled)
