"""Backtests: run, compared, deleted."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routers.execution import Launched
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Key
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(prefix="/research", tags=["research"])


class Running(Body):
    """What is backtested: all stored bars, with everything else as it is configured."""

    strategy: Key = Field(examples=["ema_atr"])
    instrument_id: Key = Field(examples=["BTCUSDT"])


class Differing(BaseModel):
    """Read from a value of the same names."""

    model_config = ConfigDict(from_attributes=True)


class Difference(Differing):
    """One value that the runs do not share; `difference` is second minus first, of numbers."""

    name: str
    first: Any
    second: Any
    difference: float | None


class TradeKey(Differing):
    """An entry."""

    instrument_id: str
    side: str
    entry_time: datetime


class ChangedTrade(TradeKey):
    """An entry of both runs that went differently."""

    changes: list[Difference]


class Comparison(Differing):
    """In what the second run differs from the first."""

    first_id: str
    second_id: str
    equal: bool
    params: list[Difference]
    metrics: list[Difference]
    same_trades: int
    changed_trades: list[ChangedTrade]
    only_first: list[TradeKey]
    only_second: list[TradeKey]


@router.post("/backtests", status_code=202, openapi_extra=needs(Permission.TRADE))
def run(context: Context, who: Who, body: Running) -> Launched:
    """Run a configured strategy on an instrument, as a backfill of Dagster; its runs are listed when they are done."""
    meant = known_instrument(body.instrument_id, context.reader, context.universe)
    return Launched.of(context.research.run(who, body.strategy, meant))


@router.get("/comparison", openapi_extra=needs(Permission.READ))
def compare(context: Context, first: Key, second: Key) -> Comparison:
    """Rules, figures and trades of two runs beside each other; the beginning of an id is enough."""
    return Comparison.model_validate(context.research.compare(first, second))


@router.delete("/backtests/{run_id}", status_code=204, openapi_extra=needs(Permission.ADMINISTER))
def delete(context: Context, who: Who, run_id: Annotated[Key, Path()]) -> None:
    """Forget a run and its trades."""
    context.research.delete(who, run_id)
