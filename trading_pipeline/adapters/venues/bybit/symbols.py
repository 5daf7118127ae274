"""The venue's spelling of our words. A symbol is base and quote, ``BTCUSDT``; with the venue, an identity."""

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId, VenueName
from trading_pipeline.domain.model.orders import OrderType, Side
from trading_pipeline.domain.model.timeframes import Timeframe

NAME = VenueName("BYBIT")
INTERVALS = {
    Timeframe.M1: "1",
    Timeframe.M5: "5",
    Timeframe.M15: "15",
    Timeframe.M30: "30",
    Timeframe.H1: "60",
    Timeframe.H4: "240",
    Timeframe.D1: "D",
}
_TIMEFRAMES = {spelling: timeframe for timeframe, spelling in INTERVALS.items()}
SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
ORDER_TYPES = {OrderType.MARKET: "Market", OrderType.LIMIT: "Limit"}


def instrument_id(symbol: str) -> InstrumentId:
    """The identity of a symbol that the venue sent.

    :raises DataError: it sent none.
    """
    if not symbol:
        raise DataError("bybit sent no symbol")
    return InstrumentId.of(symbol, NAME)


def interval(timeframe: Timeframe) -> str:
    """The venue's name of a bar length.

    :raises ConfigurationError: the venue publishes no such bars.
    """
    try:
        return INTERVALS[timeframe]
    except KeyError:
        known = ", ".join(INTERVALS)
        raise ConfigurationError(
            f"bybit has no {timeframe} bars, only {known}; derive them from shorter ones"
        ) from None


def timeframe(spelling: str) -> Timeframe:
    """The bar length behind the venue's name of it.

    :raises DataError: we know of none.
    """
    if spelling not in _TIMEFRAMES:
        raise DataError(f"bybit sent interval={spelling!r}, which is no timeframe of ours")
    return _TIMEFRAMES[spelling]
