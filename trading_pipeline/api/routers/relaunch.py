"""Partitions computed once more."""

from datetime import date

from pydantic import Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routers.execution import Launched
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Key
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(prefix="/pipeline", tags=["pipeline"])


class Relaunching(Body):
    """Which partition of which asset."""

    asset: Key = Field(examples=["signals_15m"])
    day: date = Field(description="UTC", examples=["2025-11-03"])
    instrument_id: Key = Field(examples=["BTCUSDT"])
    with_later: bool = Field(default=False, description="also what is made of it, stage by stage")


@router.post("/relaunches", status_code=202, openapi_extra=needs(Permission.TRADE))
def relaunch(context: Context, who: Who, body: Relaunching) -> Launched:
    """Materialise a day of an instrument again, as a backfill of Dagster, which can reach no order."""
    meant = known_instrument(body.instrument_id, context.reader, context.universe)
    return Launched.of(context.backfills.relaunch(who, body.asset, body.day, meant, with_later=body.with_later))
