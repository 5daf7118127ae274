"""Values as people type them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from trading_pipeline.adapters.parameters.universe import instrument_named, usual_venue
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import SYMBOL, InstrumentId
from trading_pipeline.settings import Settings

# Checked here, as a slip would otherwise be an instrument without any bars, which reads like a missing backfill.
_WRITTEN = re.compile(rf"{SYMBOL}(\.[A-Z]+)?")


def instant(text: str, option: str) -> datetime | None:
    """ISO 8601 in UTC unless it says otherwise; a day alone is its midnight; ``None`` when empty.

    :raises ConfigurationError: it is none.
    """
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{option} {text}: no ISO 8601 time; write it like 2025-11-01T00:00:00Z") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def assignments(texts: Sequence[str], option: str) -> dict[str, object]:
    """``name=value`` pairs.

    :raises ConfigurationError: one is no pair, or a name comes twice.
    """
    found: dict[str, object] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ConfigurationError(f"{option} {text}: write it as name=value")
        if name in found:
            raise ConfigurationError(f"{option} {text}: {name} is given twice")
        found[name] = value
    return found


def names(text: str, option: str) -> tuple[str, ...]:
    """Comma-separated names.

    :raises ConfigurationError: there is none, or one comes twice.
    """
    found = tuple(name for name in text.replace(" ", "").split(",") if name)
    if not found:
        raise ConfigurationError(f"{option} {text}: names nothing")
    for name in found:
        if found.count(name) > 1:
            raise ConfigurationError(f"{option} {name} is given twice")
    return found


def money(text: str, option: str) -> Decimal:
    """A positive amount of USDT.

    :raises ConfigurationError: it is none.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise ConfigurationError(f"{option} {text}: no positive amount of USDT")
    return amount


def instrument_list(text: str) -> tuple[InstrumentId, ...]:
    """Comma-separated instruments, each a symbol of the universe's venue or symbol and venue, ``BTCUSDT.BYBIT``.

    :raises ConfigurationError: there is none, one comes twice, or one is no instrument.
    """
    names = tuple(name for name in text.replace(" ", "").split(",") if name)
    if not names:
        raise ConfigurationError("--symbol names no symbol; give e.g. BTCUSDT")
    for name in names:
        if not _WRITTEN.fullmatch(name):
            raise ConfigurationError(f"--symbol {name}: no symbol; write it like BTCUSDT or BTCUSDT.BYBIT")
        if names.count(name) > 1:
            raise ConfigurationError(f"--symbol {name} is given twice")
    venue = usual_venue(Settings().config_dir)
    return tuple(instrument_named(name, venue) for name in names)
