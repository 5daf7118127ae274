"""``/v1/…`` of the divergence bot: lists as ``{"items": […]}``, and its kill switch."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.seeds.shapes import Items, Limit, items
from trading_pipeline.api.shapes import Body, Key, Money
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.halts import ALL
from trading_pipeline.domain.model.records import MOST_RECORDS
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(prefix="/v1", tags=["divergence bot"])
READ, TRADE, ADMINISTER = (needs(one) for one in Permission)
TradeDate = Annotated[date, Query(le=date(9999, 12, 30), description="UTC day", examples=["2025-11-03"])]


class KillSwitch(Body):
    """Which way it is turned."""

    enabled: bool


class KillSwitchState(BaseModel):
    """Which way it stands."""

    kill_switch_enabled: bool


class RiskCircuit(Body):
    """Which way the account's circuit breaker is switched; left out it is only looked at."""

    enabled: bool | None = None


class RiskCircuitState(BaseModel):
    """Which way it stands."""

    risk_circuit_enabled: bool


class Config(BaseModel):
    """Settings by variable; only such as hold no secret are there at all."""

    config: dict[str, str]


class Counts(BaseModel):
    """Of the pipeline."""

    signals: int
    trade_plans: int
    orders: int
    execution_reports: int
    positions_open: int
    positions_closed: int


class Compared(BaseModel):
    """A backtest's first trades beside what the pipeline did; `hints` name what does not fit."""

    run_id: str
    counts: Counts
    trades: list[dict[str, Any]]
    hints: list[str]


class NoRiskState(BaseModel):
    """No account was read on the day."""

    trade_date: date
    exists: Literal[False] = False


class RiskState(BaseModel):
    """An account on a UTC day; amounts in its currency, `drawdown_pct` from the first reading to the lowest."""

    trade_date: date
    mode: str
    account_id: str
    currency: str
    starting_equity: Money
    current_equity: Money
    min_equity: Money
    max_equity: Money
    drawdown_pct: Money
    soft_halt: bool
    hard_halt: bool
    kill_switch: bool = Field(description="whether it stands now")


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
    """What was done about a plan step by step, the first step first; the key is the plan's id."""
    return items(context, "traces", limit, newest_first=False, plan_id=idempotency_key)


@router.get("/account-snapshots", openapi_extra=READ)
def account_snapshots(context: Context, trade_date: TradeDate, limit: Limit = 200) -> Items:
    """Readings of the accounts' money on a day."""
    since, until = _span(trade_date)
    return items(context, "equity", limit, since=since, until=until)


@router.get("/risk-events", openapi_extra=READ)
def risk_events(context: Context, trade_date: TradeDate, limit: Limit = 50) -> Items:
    """What rules of risk found on a day."""
    since, until = _span(trade_date)
    return items(context, "risk_events", limit, since=since, until=until)


@router.get("/notifications", openapi_extra=READ)
def notifications(context: Context, limit: Limit = 50) -> Items:
    """What the operator was told."""
    return items(context, "notifications", limit)


@router.get("/risk-state", openapi_extra=READ)
def risk_state(context: Context, trade_date: TradeDate) -> RiskState | NoRiskState:
    """How a day went; of several accounts and currencies the one that fell furthest."""
    worst = next(iter(context.looks.risk(_span(trade_date)[0])), None)
    if worst is None:
        return NoRiskState(trade_date=trade_date)
    return RiskState(
        trade_date=trade_date,
        mode=worst.account_id.mode,
        account_id=worst.account_id,
        currency=worst.currency,
        starting_equity=worst.starting,
        current_equity=worst.current,
        min_equity=worst.lowest,
        max_equity=worst.highest,
        drawdown_pct=100 * worst.drawdown,
        soft_halt=worst.soft_halt,
        hard_halt=worst.hard_halt,
        kill_switch=any(one.scope == ALL for one in context.looks.halts()),
    )


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


@router.get("/backtest-compare", openapi_extra=READ)
def backtest_compare(
    context: Context, run_id: Key, limit_trades: Annotated[int, Query(ge=1, le=MOST_RECORDS)] = 50
) -> Compared:
    """What the pipeline did where a backtest looked: of its strategy, instruments, timeframe and span."""
    counts, count = context.research.beside_the_pipeline(run_id)
    trades = items(context, "backtest_trades", limit_trades, newest_first=False, run_id=run_id).items
    return Compared(
        run_id=run_id,
        counts=Counts(
            signals=counts.signals,
            trade_plans=counts.trade_plans,
            orders=counts.orders,
            execution_reports=counts.fills,
            positions_open=counts.positions_open,
            positions_closed=counts.positions_closed,
        ),
        trades=trades,
        hints=_hints(counts.trade_plans, counts.orders, counts.positions_open, count),
    )


@router.get("/config", openapi_extra=READ)
def config(context: Context) -> Config:
    """What the process runs with."""
    return Config(config=context.looks.public_settings())


@router.get("/dlq", openapi_extra=ADMINISTER)
def dead_letters(context: Context, limit: Limit = 50) -> Items:
    """Messages that could not be understood, with their reasons."""
    return Items(items=[asdict(one) for one in context.letters.newest(limit)])


@router.post("/admin/kill-switch", openapi_extra=ADMINISTER)
def kill_switch(context: Context, who: Who, body: KillSwitch) -> KillSwitchState:
    """Stop every new entry, or let them go on where venue and ledger agree."""
    if body.enabled:
        context.commands.halt(who, ALL, "kill switch by /v1/admin/kill-switch")
    else:
        context.commands.resume(who, ALL, "", forced=False)
    return KillSwitchState(kill_switch_enabled=body.enabled)


@router.post("/admin/risk-circuit", openapi_extra=ADMINISTER)
def risk_circuit(context: Context, who: Who, body: RiskCircuit | None = None) -> RiskCircuitState:
    """Switch the circuit breaker off, or on as the limits' file has it; without a body, say which way it stands."""
    if body is not None and body.enabled is not None:
        context.configuration.switch_circuit(who, enabled=body.enabled)
    return RiskCircuitState(risk_circuit_enabled=context.configuration.circuit_enabled())


def _span(day: date) -> tuple[datetime, datetime]:
    """From midnight to midnight, UTC."""
    since = datetime.combine(day, datetime.min.time(), UTC)
    return since, since + timedelta(days=1)


def _hints(plans: int, orders: int, positions_open: int, trades: int) -> list[str]:
    found = {
        "there are plans and no trades": plans and not trades,
        "open positions remain": positions_open,
        "there are plans and no orders": plans and not orders,
    }
    return [hint for hint, holds in found.items() if holds]
