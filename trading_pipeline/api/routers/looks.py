"""Instruments, coverage, strategies, and how the system stands."""

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from trading_pipeline.api.answers import unless_known
from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Instant, Key, Money
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.operations.read_records import known_instrument

router = Router()
READ = needs(Permission.READ)


class Shown(BaseModel):
    """Read from a value of the same names."""

    model_config = ConfigDict(from_attributes=True)


class Instrument(BaseModel):
    """What is collected, or was."""

    instrument_id: str
    symbol: str
    venue: str
    collected: bool = Field(description="whether it is in the universe now")
    timeframes: list[Timeframe] = Field(description="that are collected now")


class Instruments(BaseModel):
    """All of them."""

    items: list[Instrument]


class CoverageQuery(Body):
    """Whole days, UTC: from the day of `since` to the one before the day of `until`."""

    instrument_id: Key = Field(examples=["BTCUSDT"])
    timeframe: Key = Field(examples=["15m"])
    since: Instant
    until: Instant


class Day(Shown):
    """One day."""

    day: datetime
    bars: int
    expected: int
    failed_checks: int


class Coverage(BaseModel):
    """Day by day; what is `missing` in all."""

    items: list[Day]
    missing: int


class Parameter(Shown):
    """One parameter."""

    name: str
    default: str
    allowed: str


class Strategy(Shown):
    """One strategy."""

    name: str
    configured: bool
    warmup_bars: int
    parameters: list[Parameter]


class Strategies(BaseModel):
    """All of them."""

    items: list[Strategy]


class Beat(Shown):
    """A component's last sign of life."""

    component: str
    detail: str
    age_s: float


class Equity(Shown):
    """What an account is worth in a currency."""

    account_id: str
    currency: str
    equity: Money
    read_at: datetime


class Standing(Shown):
    """A halt that stands."""

    scope: str
    reason: str
    since: datetime
    flatten: bool


class Held(Shown):
    """An open position beside the newest close."""

    position_id: str
    account_id: str
    instrument_id: str
    bias: str
    status: str
    settlement_currency: str
    opened_at: datetime | None
    quantity: Money
    entry_price: Money | None
    stop_price: Money
    strategy: str
    last_close: Money | None
    unrealised_pnl: Money | None


class Status(Shown):
    """How the system stands."""

    heartbeats: list[Beat]
    newest_wave: datetime | None
    waiting_waves: int
    waiting_plans: int
    unsettled_orders: int
    halts: list[Standing]
    positions: list[Held]
    equity: list[Equity]


@router.get("/market/instruments", tags=["market"], openapi_extra=READ, response_model=Instruments)
def instruments(request: Request, context: Context) -> Response:
    """Every instrument of the universe, and every other that bars were asked for."""
    universe = context.universe
    ids = [*universe.instrument_ids, *sorted(set(context.reader.instrument_ids()) - set(universe.instrument_ids))]
    items = [
        Instrument(
            instrument_id=one,
            symbol=one.symbol,
            venue=one.venue,
            collected=one in universe.instrument_ids,
            timeframes=list(universe.timeframes) if one in universe.instrument_ids else [],
        )
        for one in ids
    ]
    return unless_known(request, Instruments(items=items))


@router.get("/market/coverage", tags=["market"], openapi_extra=READ)
def coverage(context: Context, asked: Annotated[CoverageQuery, Query()]) -> Coverage:
    """How many bars and failed checks each day has; days without any, too."""
    instrument_id = known_instrument(asked.instrument_id, context.reader, context.universe)
    days = context.looks.markets.coverage(instrument_id, Timeframe.parse(asked.timeframe), asked.since, asked.until)
    missing = sum(one.expected - one.bars for one in days)
    return Coverage(items=[Day.model_validate(one) for one in days], missing=missing)


@router.get("/research/strategies", tags=["research"], openapi_extra=READ, response_model=Strategies)
def strategies(request: Request, context: Context) -> Response:
    """Every strategy with its parameters, their defaults and ranges."""
    items = [Strategy.model_validate(one) for one in context.looks.strategies()]
    return unless_known(request, Strategies(items=items))


@router.get("/status", tags=["operations"], openapi_extra=READ)
def status(context: Context) -> Status:
    """What runs, what is halted, open and unsettled, and what the accounts are worth."""
    seen = context.looks.status()
    held = [
        Held.model_validate(
            {
                **{name: getattr(one.position, name) for name in Held.model_fields if hasattr(one.position, name)},
                "strategy": one.strategy,
                "last_close": one.last_close,
                "unrealised_pnl": one.unrealised_pnl,
            }
        )
        for one in seen.positions
    ]
    return Status(
        heartbeats=[Beat.model_validate(one) for one in seen.heartbeats],
        newest_wave=seen.newest_wave,
        waiting_waves=seen.waiting_waves,
        waiting_plans=seen.waiting_plans,
        unsettled_orders=seen.unsettled_orders,
        halts=[Standing.model_validate(one) for one in seen.halts],
        positions=held,
        equity=[Equity.model_validate(one) for one in seen.equity],
    )
