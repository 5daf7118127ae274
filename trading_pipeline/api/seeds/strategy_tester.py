"""``/api/v1/marketdata/bybit/…`` of the strategy tester: candles as charts draw them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from trading_pipeline.api.composition import ApiContext, Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.shapes import Key, Words
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.candles import Candle, interval_named, interval_seconds, resampled
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.records import RecordQuestion
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.services.operations.read_records import known_instrument, list_records

router = APIRouter(prefix="/api/v1/marketdata", tags=["strategy tester"])
READ = needs(Permission.READ)
_KEPT = 500
"""Of a working set."""
LoadLimit = Annotated[int, Query(ge=100, le=1000)]


class ChartCandle(BaseModel):
    """A candle; `time` is seconds since 1970, UTC."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Charts(BaseModel):
    """Candles by interval, each list ascending."""

    symbol: str
    intervals: list[str]
    data: dict[str, list[ChartCandle]]


@router.get("/bybit/klines/working", openapi_extra=READ)
def working(context: Context, symbol: Key, interval: Key = "15", load_limit: LoadLimit = 1000) -> list[ChartCandle]:
    """The newest candles of an interval, at most 500, ascending."""
    return [_chart(one) for one in _candles(context, symbol, interval, min(load_limit, _KEPT))]


@router.get("/bybit/mtf", openapi_extra=READ)
def several(
    context: Context,
    symbol: Key,
    intervals: Words = "1,15,60",
    base: Words = "",
    aligned: Annotated[int, Query(ge=0, le=1)] = 1,
    load_limit: LoadLimit = 1000,
) -> Charts:
    """Several intervals: made of the shortest where they are aligned, else each as it is stored."""
    asked = [one for one in intervals.replace(" ", "").split(",") if one]
    if not asked:
        raise ConfigurationError("intervals is empty; write it like 15,60")
    meant = known_instrument(symbol, context.reader, context.universe)
    if not aligned:
        found = {one: _candles(context, meant, one, min(load_limit, _KEPT)) for one in asked}
    else:
        shortest = interval_named(base) if base else min(map(interval_named, asked), key=interval_seconds)
        candles = _candles(context, meant, shortest, load_limit)
        found = {one: resampled(candles, shortest, interval_named(one))[-_KEPT:] for one in asked}
    data = {interval: [_chart(one) for one in candles] for interval, candles in found.items()}
    return Charts(symbol=meant.symbol, intervals=asked, data=data)


def _candles(context: ApiContext, symbol: str, interval: str, limit: int) -> list[Candle]:
    """The newest stored bars, ascending."""
    question = RecordQuestion("bars", {"instrument_id": symbol, "timeframe": interval}, limit=limit)
    page = list_records(reader=context.reader, universe=context.universe, question=question)
    return [_candle(dict(one)) for one in reversed(page.items)]


def _candle(bar: dict[str, Any]) -> Candle:
    opened, high, low, close, volume = (float(bar[name]) for name in ("open", "high", "low", "close", "volume"))
    return Candle(to_ms(bar["open_time"]) // 1000, opened, high, low, close, volume)


def _chart(candle: Candle) -> ChartCandle:
    prices = {name: getattr(candle, name) for name in ("open", "high", "low", "close", "volume")}
    return ChartCandle(time=candle.time, **prices)
