"""How stored values look outside: money as decimal text, times as ISO 8601 in UTC, nothing rounded."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, create_model

from trading_pipeline.domain.model.records import MOST_RECORDS, FieldKind, RecordCollection, RecordField

Money = Annotated[
    Decimal,
    PlainSerializer(lambda number: format(number, "f"), return_type=str, when_used="json"),
    Field(examples=["1050.25"]),
]
"""A price, a quantity or an amount."""
Instant = Annotated[
    datetime, AfterValidator(lambda at: at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC))
]
"""A time; one without a zone is UTC."""
Words = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300)]
"""Text in a line."""
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/@+|-]{1,200}$")]
"""An id, a name, or a value of an enumeration."""

_TYPES: dict[FieldKind, Any] = {
    FieldKind.TEXT: str,
    FieldKind.TEXTS: list[str],
    FieldKind.DECIMAL: Money,
    FieldKind.NUMBER: float,
    FieldKind.NUMBERS: list[float],
    FieldKind.COUNT: int,
    FieldKind.COUNTS: list[int],
    FieldKind.FLAG: bool,
    FieldKind.INSTANT: datetime,
    FieldKind.JSON: Any,
}


class Body(BaseModel):
    """A body of a request: nothing in it that is not understood."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel):
    """Some records, and the cursor of the page that follows."""

    next_cursor: str | None = Field(description="hand it in as `cursor` for the next page; null on the last one")


def _titled(collection: RecordCollection) -> str:
    return "".join(word.capitalize() for word in collection.name.split("_"))


def record_model(collection: RecordCollection) -> type[BaseModel]:
    """The shape of a collection's records; what a run wrote leads to its page in the Dagster UI."""
    fields: dict[str, Any] = {one.name: _field(one) for one in collection.fields}
    if "run_id" in collection.names:
        fields["run_page"] = (
            str | None,
            Field(default=None, description="path of the run in the Dagster UI, at this address"),
        )
    return create_model(f"{_titled(collection)}Record", __doc__=collection.meaning, **fields)


def page_model(collection: RecordCollection) -> type[BaseModel]:
    """The shape of a page of them."""
    model: Any = record_model(collection)
    return create_model(f"{_titled(collection)}Page", __base__=Page, items=(list[model], ...))


def query_model(collection: RecordCollection) -> type[BaseModel]:
    """What a list may be asked: its filters, a span of time, the order, and where to go on."""
    fields: dict[str, Any] = {
        name: (Key, ...) if name in collection.required else (Key | None, None) for name in collection.filters
    }
    first = collection.order[0]
    fields |= {
        "since": (Instant | None, Field(default=None, description=f"{first} at or after, ISO 8601")),
        "until": (Instant | None, Field(default=None, description=f"{first} before, ISO 8601")),
        "newest_first": (bool, Field(default=True, description=f"by {first}")),
        "limit": (int, Field(default=100, ge=1, le=MOST_RECORDS)),
        "cursor": (
            Annotated[str, StringConstraints(max_length=1000)],
            Field(default="", description="`next_cursor` of a page"),
        ),
    }
    return create_model(f"{_titled(collection)}Query", __base__=Body, **fields)


def with_run_page(record: Mapping[str, object], pages: Callable[[str], str]) -> Mapping[str, object]:
    """The record, and where the run that wrote it is shown."""
    run_id = record.get("run_id")
    return {**record, "run_page": pages(str(run_id)) or None} if run_id else record


def _field(field: RecordField) -> Any:
    kind = _TYPES[field.kind]
    return (kind | None, ...) if field.nullable and field.kind is not FieldKind.JSON else (kind, ...)
