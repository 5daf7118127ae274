"""What the venue has lost."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Key, Page
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.records import MOST_RECORDS, RecordQuestion
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.list_outages import page_of_outages
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(tags=["market"])


class OutagesQuery(Body):
    """Of an instrument or of the whole universe, of a timeframe or of all."""

    instrument_id: Key | None = Field(default=None, examples=["BTCUSDT"])
    timeframe: Key | None = Field(default=None, examples=["15m"])
    limit: int = Field(default=100, ge=1, le=MOST_RECORDS)
    cursor: str = Field(default="", max_length=1000, description="`next_cursor` of a page")


class ShownOutage(BaseModel):
    """Bars in a row that the venue was asked for twice and does not have."""

    model_config = ConfigDict(from_attributes=True)

    instrument_id: str
    timeframe: Timeframe
    first_open: datetime
    end: datetime = Field(description="close of the last bar")
    bars: int
    asked_at: datetime = Field(description="venue time of the first question, of several bars the latest")
    asked_again_at: datetime
    answer: str = Field(description="what the venue said instead")


class ShownOutages(Page):
    """Those that stand; one ends when somebody tells its bars after all."""

    items: list[ShownOutage] = Field(description="the newest first")


@router.get("/market/outages", openapi_extra=needs(Permission.READ))
def outages(context: Context, asked: Annotated[OutagesQuery, Query()]) -> ShownOutages:
    """Bars that nobody can have, with when the venue was asked and what it said."""
    universe = context.universe
    chosen = (
        universe.instrument_ids
        if asked.instrument_id is None
        else (known_instrument(asked.instrument_id, context.reader, universe),)
    )
    timeframes = universe.timeframes if asked.timeframe is None else (Timeframe.parse(asked.timeframe),)
    found = context.looks.markets.outages(chosen, timeframes)
    filters = {"instrument_id": ",".join(chosen), "timeframe": ",".join(timeframes)}
    page = page_of_outages(found, RecordQuestion("outages", filters, limit=asked.limit), asked.cursor)
    return ShownOutages(items=[ShownOutage.model_validate(one) for one in page.items], next_cursor=page.next_cursor)
