"""``/api/v1/marketdata/bybit/…`` of the strategy tester: candles as charts draw them."""

from typing import Annotated

from fastapi import Query, Response
from pydantic import BaseModel, TypeAdapter

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Key, Words
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.candles import Candle
from trading_pipeline.services.market_data.working_set import LOAD_LIMITS
from trading_pipeline.services.operations.read_records import known_instrument

router = Router(prefix="/api/v1/marketdata", tags=["strategy tester"])
READ = needs(Permission.READ)
LoadLimit = Annotated[int, Query(ge=LOAD_LIMITS[0], le=LOAD_LIMITS[1])]


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


_CANDLES = TypeAdapter(list[Candle])
_NOT_SHOWN = {"__all__": {"complete"}}


@router.get("/bybit/klines/working", response_model=list[ChartCandle], openapi_extra=READ)
def working(context: Context, symbol: Key, interval: Key = "15", load_limit: LoadLimit = 1000) -> Response:
    """The newest candles of an interval, at most 500, ascending."""
    meant = known_instrument(symbol, context.reader, context.universe)
    candles = context.charts.newest(meant, interval, load_limit)
    # Written here and in one go: judging five hundred candles of ours by a model takes longer than all the rest.
    return Response(_CANDLES.dump_json(candles, exclude=_NOT_SHOWN), media_type="application/json")


@router.get("/bybit/mtf", openapi_extra=READ)
def several(
    context: Context,
    symbol: Key,
    intervals: Words = "1,15,60",
    base: Words = "",
    aligned: Annotated[int, Query(ge=0, le=1)] = 1,
    load_limit: LoadLimit = 1000,
) -> Charts:
    """Several intervals: made of the shortest, or of `base`, where they are aligned; else each on its own."""
    asked = [one for one in intervals.replace(" ", "").split(",") if one]
    meant = known_instrument(symbol, context.reader, context.universe)
    found = context.charts.several(meant, asked, base, load_limit, aligned=bool(aligned))
    data = {interval: [_chart(one) for one in candles] for interval, candles in found.items()}
    return Charts(symbol=meant.symbol, intervals=asked, data=data)


def _chart(candle: Candle) -> ChartCandle:
    prices = {name: getattr(candle, name) for name in ("open", "high", "low", "close", "volume")}
    return ChartCandle(time=candle.time, **prices)
