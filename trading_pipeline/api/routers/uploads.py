"""Files of bars: brought, looked at, taken or dropped."""

from typing import Annotated

from fastapi import Body as RequestBody
from fastapi import Path, Query
from pydantic import BaseModel, Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Key, Words
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(prefix="/market", tags=["market"])
ADMINISTER = needs(Permission.ADMINISTER)
Filename = Annotated[str, Query(min_length=1, max_length=300, examples=["BTCUSDT-15m-2025-01.csv.gz"])]
Content = Annotated[
    bytes, RequestBody(media_type="application/octet-stream", description="the file itself, at most a megabyte")
]


class Upload(BaseModel):
    """A file that waits, and what was recognised in it."""

    upload_id: str
    filename: str
    symbol: str = Field(description="empty where neither the file nor its name says whose bars it holds")
    timeframe: str
    bars: int
    recognised: list[str]


class Ingesting(Body):
    """Whose bars they are, and why they are taken."""

    instrument_id: Key | None = Field(default=None, description="else as the file says", examples=["BTCUSDT"])
    reason: Annotated[Words, Field(min_length=1, examples=["the venue has no January"])]


class Ingested(BaseModel):
    """What was taken; `run_id` is that of the row in `backfill_runs` and of the bars."""

    run_id: str
    instrument_id: str
    timeframe: str
    bars: int
    new: int = Field(description="that no file had told before; what stream or venue told goes before them")


@router.post("/uploads", status_code=201, openapi_extra=ADMINISTER)
def upload(context: Context, who: Who, filename: Filename, content: Content) -> Upload:
    """Bring a file of bars, CSV or JSON, packed or not; nothing is taken of it yet."""
    kept = context.uploads.keep(who, filename, content)
    shown = {name: getattr(kept, name) for name in Upload.model_fields}
    return Upload.model_validate(shown)


@router.post("/uploads/{upload_id}/ingestion", openapi_extra=ADMINISTER)
def ingest(context: Context, who: Who, upload_id: Annotated[Key, Path()], body: Ingesting) -> Ingested:
    """Take the bars of a file; verdicts about them are given when their days are materialised."""
    kept = context.uploads.waiting(upload_id)
    meant = known_instrument(body.instrument_id or kept.named_symbol, context.reader, context.universe)
    run_id, new = context.uploads.ingest(who, kept, meant, body.reason)
    return Ingested(run_id=run_id, instrument_id=meant, timeframe=kept.timeframe, bars=kept.bars, new=new)


@router.delete("/uploads/{upload_id}", status_code=204, openapi_extra=ADMINISTER)
def drop(context: Context, who: Who, upload_id: Annotated[Key, Path()]) -> None:
    """Forget a file."""
    context.uploads.drop(who, upload_id)
