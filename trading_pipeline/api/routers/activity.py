"""How much markets move, and which are traded most."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Key, Money
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(tags=["market"])


class VolatilityQuery(Body):
    """Of which instrument, over how many of its newest daily bars."""

    instrument_id: Key = Field(examples=["BTCUSDT"])
    days: int = Field(default=90, ge=7, le=365)


class ShownVolatility(BaseModel):
    """Of stored daily bars, in percent."""

    model_config = ConfigDict(from_attributes=True)

    days: int = Field(description="daily bars that there were")
    atr: float = Field(description="mean true range of the last 14 days, of the last close")
    max_move: float = Field(description="largest change from one close to the next, either way")
    max_drawdown: float = Field(description="deepest fall of a close from the highest close before it")
    mean_range: float = Field(description="mean of high less low, of each day's close")


class ShownTurnover(BaseModel):
    """What an instrument was traded for in a day."""

    model_config = ConfigDict(from_attributes=True)

    instrument_id: str
    turnover: Money
    bars: int = Field(description="of which it is the sum")
    until: datetime = Field(description="close of the newest bar of all")


class MostTraded(BaseModel):
    """The largest turnover first."""

    items: list[ShownTurnover]


@router.get("/market/volatility", openapi_extra=needs(Permission.READ))
def volatility(context: Context, asked: Annotated[VolatilityQuery, Query()]) -> ShownVolatility:
    """How much an instrument moves in a day; 409 with fewer than seven daily bars."""
    instrument_id = known_instrument(asked.instrument_id, context.reader, context.universe)
    return ShownVolatility.model_validate(context.looks.markets.volatility(instrument_id, asked.days))


@router.get("/market/most-traded", openapi_extra=needs(Permission.READ))
def most_traded(context: Context, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> MostTraded:
    """Instruments by their turnover of 24 hours, by the finest bars that are collected."""
    found = context.looks.markets.most_traded(context.universe.finest, limit)
    return MostTraded(items=[ShownTurnover.model_validate(one) for one in found])
