"""Records as earlier programs showed them: with a symbol, and times in milliseconds beside ISO 8601."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from trading_pipeline.api.context import ApiContext
from trading_pipeline.api.shapes import with_run_page
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.records import MOST_RECORDS, RecordQuestion
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.services.operations.read_records import list_records

Limit = Annotated[int, Query(description=f"between 1 and {MOST_RECORDS}; what is outside counts as the nearest")]


class Items(BaseModel):
    """A list, newest first."""

    items: list[dict[str, Any]]


def items(context: ApiContext, collection: str, limit: int, *, newest_first: bool = True, **asked: Any) -> Items:
    """The first page of a collection; what is not asked is not filtered by.

    :param asked: filters, ``since`` and ``until``.
    """
    span = {name: asked.pop(name) for name in ("since", "until") if name in asked}
    filters = {name: value for name, value in asked.items() if value is not None}
    bounded = min(max(limit, 1), MOST_RECORDS)
    question = RecordQuestion(collection, filters, newest_first=newest_first, limit=bounded, **span)
    page = list_records(reader=context.reader, universe=context.universe, question=question)
    return Items(items=[shown(with_run_page(one, context.jobs.page_of)) for one in page.items])


def shown(record: Mapping[str, object]) -> dict[str, Any]:
    """One record."""
    told: dict[str, Any] = {
        name: format(value, "f") if isinstance(value, Decimal) else value for name, value in record.items()
    }
    told |= {f"{name}_ms": to_ms(value) for name, value in record.items() if isinstance(value, datetime)}
    if isinstance(instrument_id := record.get("instrument_id"), str):
        told["symbol"] = InstrumentId(instrument_id).symbol
    return told
