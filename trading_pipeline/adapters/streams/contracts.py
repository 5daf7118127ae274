"""The messages on the streams, as other programs see them. ``docs/contracts`` holds their JSON Schema."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.events import BarClosed, Event, FillBooked, QualityNoted, WaveComputed
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, Severity
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms, to_ms

Milliseconds = Annotated[int, Field(ge=0, description="milliseconds since 1970-01-01 UTC")]
"""An instant on a stream."""
Identity = Annotated[str, Field(pattern=r"^.+\.[A-Z]+$", description="symbol and venue, BTCUSDT.BYBIT")]
"""An instrument on a stream."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BarClosedMessage(_Message):
    """A live bar was stored in raw_bars."""

    kind: Literal["bar_closed"] = "bar_closed"
    instrument_id: Identity
    timeframe: Timeframe
    close_time_ms: Milliseconds

    def event(self) -> BarClosed:
        """The fact it tells."""
        return BarClosed(
            InstrumentId(self.instrument_id), self.timeframe, _instant(self.close_time_ms, "close_time_ms")
        )


class WaveComputedMessage(_Message):
    """The trade plans of one timeframe of one wave are stored."""

    kind: Literal["wave_computed"] = "wave_computed"
    close_time_ms: Milliseconds
    timeframe: Timeframe
    plans: Annotated[int, Field(ge=0, description="how many of them may be executed")]

    def event(self) -> WaveComputed:
        """The fact it tells."""
        return WaveComputed(_instant(self.close_time_ms, "close_time_ms"), self.timeframe, self.plans)


class FillBookedMessage(_Message):
    """An execution of the account is in fills."""

    kind: Literal["fill_booked"] = "fill_booked"
    instrument_id: Identity
    execution_id: Annotated[str, Field(min_length=1, description="the venue's id")]
    executed_at_ms: Milliseconds

    def event(self) -> FillBooked:
        """The fact it tells."""
        return FillBooked(
            InstrumentId(self.instrument_id), self.execution_id, _instant(self.executed_at_ms, "executed_at_ms")
        )


class QualityMessage(_Message):
    """Something was noticed about market data for the first time; it is in quality_events."""

    kind: Literal["quality"] = "quality"
    noticed: QualityKind
    severity: Severity
    at_ms: Milliseconds
    instrument_id: Identity | None = None
    timeframe: Timeframe | None = None
    close_time_ms: Milliseconds | None = None
    detail: Annotated[dict[str, JsonValue], Field(description="numbers and words that belong to the kind")]
    told_apart_by: Annotated[str, Field(description="what tells it from others about the same bar")] = ""

    def event(self) -> QualityNoted:
        """The fact it tells."""
        closed = None if self.close_time_ms is None else _instant(self.close_time_ms, "close_time_ms")
        name = None if self.instrument_id is None else InstrumentId(self.instrument_id)
        at = _instant(self.at_ms, "at_ms")
        noted = QualityEvent(
            self.noticed, self.severity, at, name, self.timeframe, closed, self.detail, self.told_apart_by
        )
        return QualityNoted(noted)


Message = BarClosedMessage | WaveComputedMessage | FillBookedMessage | QualityMessage

CONTRACTS: dict[type[Event], tuple[str, type[Message]]] = {
    BarClosed: ("bar_close", BarClosedMessage),
    WaveComputed: ("wave_computed", WaveComputedMessage),
    FillBooked: ("fill_booked", FillBookedMessage),
    QualityNoted: ("quality", QualityMessage),
}
"""Event to the name of its stream and its message."""

# Made once: building a validator costs more than using it.
_DECODE: dict[type[Event], Callable[[str], Message]] = {
    kind: TypeAdapter[Message](message).validate_json for kind, (_, message) in CONTRACTS.items()
}


def encode(event: Event) -> str:
    """The event as JSON."""
    match event:
        case BarClosed(instrument_id, timeframe, close_time):
            message: Message = BarClosedMessage(
                instrument_id=instrument_id, timeframe=timeframe, close_time_ms=to_ms(close_time)
            )
        case WaveComputed(close_time, timeframe, plans):
            message = WaveComputedMessage(close_time_ms=to_ms(close_time), timeframe=timeframe, plans=plans)
        case FillBooked(instrument_id, execution_id, executed_at):
            message = FillBookedMessage(
                instrument_id=instrument_id, execution_id=execution_id, executed_at_ms=to_ms(executed_at)
            )
        case QualityNoted(noted):
            message = QualityMessage(
                noticed=noted.kind,
                severity=noted.severity,
                at_ms=to_ms(noted.at),
                instrument_id=noted.instrument_id,
                timeframe=noted.timeframe,
                close_time_ms=None if noted.close_time is None else to_ms(noted.close_time),
                detail=TypeAdapter(dict[str, JsonValue]).validate_python(dict(noted.detail)),
                told_apart_by=noted.told_apart_by,
            )
    return message.model_dump_json()


def decode(kind: type[Event], payload: str) -> Event:
    """The event in a message of the stream of ``kind``.

    :raises DataError: the payload breaks the contract; the message names the field.
    """
    try:
        return _DECODE[kind](payload).event()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise DataError(f"{where}: {first['msg']}") from error


def _instant(milliseconds: int, field: str) -> datetime:
    try:
        return from_ms(milliseconds)
    except OverflowError:
        raise DataError(f"{field}: {milliseconds} is past the year 9999") from None
