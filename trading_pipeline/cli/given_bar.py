"""A bar as a person types it."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from trading_pipeline.domain.model.errors import ConfigurationError

if TYPE_CHECKING:
    from trading_pipeline.domain.model.bars import Bar
    from trading_pipeline.settings import Settings


def given_bar(settings: "Settings", symbol: str, timeframe: str, at: str, numbers: list[str]) -> "Bar":
    """The bar that was typed: open time, and open, high, low, close, volume and turnover as text.

    :raises ConfigurationError: a symbol that is not collected, or something that is no number.
    """
    from trading_pipeline.adapters.parameters.universe import instrument_named, load_universe
    from trading_pipeline.cli.arguments import instant
    from trading_pipeline.domain.model.bars import Bar
    from trading_pipeline.domain.model.timeframes import Timeframe

    universe = load_universe(settings.config_dir)
    instrument_id = instrument_named(symbol, universe.venue)
    if instrument_id not in universe.instrument_ids:
        raise ConfigurationError(f"{instrument_id} is not in universe.yaml ({', '.join(universe.instrument_ids)})")
    opened = instant(at, "--at")
    if opened is None:
        raise ConfigurationError("--at is empty; give the open time of the bar, like 2025-11-01T10:00:00Z")
    if len(numbers) != 6:
        raise ConfigurationError("--ohlc: give four prices, open,high,low,close")
    open_, high, low, close, volume = (_number(text) for text in numbers[:5])
    turnover = _number(numbers[5]) if numbers[5] else volume * close
    return Bar(instrument_id, Timeframe.parse(timeframe), opened, open_, high, low, close, volume, turnover)


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ConfigurationError(f"{text!r} is no number") from None
    if not value.is_finite():
        raise ConfigurationError(f"{text} is no price and no amount")
    return value
