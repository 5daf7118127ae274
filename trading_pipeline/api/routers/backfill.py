"""Loading history."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Response
from pydantic import BaseModel, Field

from trading_pipeline.api.backfills import Stretch
from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Instant, Key
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.backfills import MAX_PAGES_LIMITS, PAGE_LIMITS, timeframe_typed
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(prefix="/admin", tags=["administration"])
_MOST_LOOKBACK_MIN = 10 * 366 * 24 * 60


class Loading(Body):
    """Which bars: from `start_at_iso`, or `lookback_minutes` before the end."""

    symbol: Key = Field(examples=["BTCUSDT"])
    interval: Key = Field(default="1", examples=["15"])
    lookback_minutes: Annotated[int, Field(ge=1, le=_MOST_LOOKBACK_MIN)] = 24 * 60
    start_at_iso: Instant | None = None
    end_at_iso: Instant | None = None
    page_limit: Annotated[int, Field(ge=PAGE_LIMITS[0], le=PAGE_LIMITS[1])] = 1000
    max_pages: Annotated[int, Field(ge=MAX_PAGES_LIMITS[0], le=MAX_PAGES_LIMITS[1])] = 500
    mode: Literal["sync", "async"] = "sync"


class Loaded(BaseModel):
    """What came of it; `truncated` where `max_pages` ended it."""

    mode: Literal["sync"] = "sync"
    symbol: str
    interval: str
    upserts: int
    pages: int
    truncated: bool
    elapsed_sec: float
    rows_per_sec: float


class Loader(BaseModel):
    """A backfill of Dagster that goes on by itself."""

    mode: Literal["async"] = "async"
    task_id: str
    run_page: str


@router.post(
    "/backfill", openapi_extra=needs(Permission.ADMINISTER), responses={202: {"model": Loader, "description": "async"}}
)
def backfill(context: Context, who: Who, response: Response, body: Loading) -> Loaded | Loader:
    """Fetch what is missing of a stretch of bars; what the operator's allowlists leave out is refused."""
    stretch = Stretch(
        known_instrument(body.symbol, context.reader, context.universe),
        timeframe_typed(body.interval),
        body.start_at_iso,
        body.end_at_iso,
        timedelta(minutes=body.lookback_minutes),
        body.page_limit,
        body.max_pages,
    )
    if body.mode == "async":
        response.status_code = 202
        launched = context.backfills.launch(who, stretch)
        return Loader(task_id=launched.run_id, run_page=launched.page)
    done, elapsed = context.backfills.fetch(who, stretch)
    return Loaded(
        symbol=stretch.instrument_id.symbol,
        interval=body.interval,
        upserts=done.upserts,
        pages=done.pages,
        truncated=done.truncated,
        elapsed_sec=round(elapsed, 3),
        rows_per_sec=round(done.upserts / elapsed, 1) if elapsed else 0.0,
    )
