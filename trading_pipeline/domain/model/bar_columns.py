"""Names that people give to the columns of bars, and ours.

Sources: Bybit v5 klines and public.bybit.com, data.binance.vision (with and without header), freqtrade,
exports of TradingView, CryptoDataDownload, MetaTrader.
"""

import re
from collections.abc import Sequence

from trading_pipeline.domain.model.errors import DataError

# The first that a file has is taken: of an instant and a day written beside it, the instant.
_NAMES = {
    "open_time_ms": (
        *("open_time_ms", "open_time", "opentime", "unix", "timestamp", "timestamp_ms", "time", "start_time"),
        *("starttime", "start", "start_at", "ts", "t", "datetime", "date", "gmt_time", "index"),
    ),
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "close_price"),
    "volume": ("volume", "v", "vol", "base_volume", "volume_base", "base_asset_volume"),
}
_TURNOVER = ("turnover", "quote_volume", "quotevolume", "quote_asset_volume", "volume_quote")
_SYMBOL = ("symbol", "ticker", "pair")
_INTERVAL = ("interval", "timeframe", "period")
# How a file without names is ordered, by its number of columns: freqtrade and MetaTrader, Bybit, Binance.
_ORDER = ("open_time_ms", "open", "high", "low", "close", "volume")
_WITHOUT_NAMES = {6: (0, 1, 2, 3, 4, 5, None), 7: (0, 1, 2, 3, 4, 5, 6), 12: (0, 1, 2, 3, 4, 5, 7)}


def columns_by_place(count: int, origin: str) -> dict[str, int]:
    """Which column, counted from 0, holds what, in a file that does not name them.

    :raises DataError: so many columns are in no order that is known.
    """
    places = _WITHOUT_NAMES.get(count)
    if places is None:
        known = ", ".join(map(str, _WITHOUT_NAMES))
        raise DataError(f"{origin}: names no columns and has {count}; of {known} the order is known: write a header")
    return {name: place for name, place in zip((*_ORDER, "turnover"), places, strict=True) if place is not None}


def columns_by_name(names: Sequence[str], symbol: str, origin: str) -> dict[str, str]:
    """The file's name of each of our columns that it has; ``turnover``, ``symbol`` and ``interval`` may be among them.

    :param symbol: of the bars, empty when it is not known; it tells ``Volume BTC`` from ``Volume USDT``.
    :raises DataError: one is missing, or two columns could be it.
    """
    written = {name: _plain(_as_written(name, names)) for name in names}
    found = {}
    for ours, known in {**_NAMES, "turnover": _TURNOVER, "symbol": _SYMBOL, "interval": _INTERVAL}.items():
        theirs = _first(written, known, origin) or _of_currency(written, ours, symbol)
        if theirs:
            found[ours] = theirs
        elif ours in _NAMES:
            raise DataError(f"{origin}: column {ours!r} is missing; expected {', '.join(_NAMES)}{_given(names)}")
    return found


def _first(written: dict[str, str], known: Sequence[str], origin: str) -> str:
    """The file's name that comes first among the known ones, empty when there is none."""
    for name in known:
        found = [theirs for theirs, plain in written.items() if plain == name]
        if len(found) > 1:
            raise DataError(f"{origin}: columns {found[0]!r} and {found[1]!r} could both be {name}; rename one")
        if found:
            return found[0]
    return ""


def _of_currency(written: dict[str, str], ours: str, symbol: str) -> str:
    """``Volume BTC`` or ``Volume USDT``: the one of the currency that the symbol begins, or ends, with."""
    amounts = {plain.removeprefix("volume_").upper(): name for name, plain in written.items() if "volume_" in plain}
    fits = {"volume": symbol.startswith, "turnover": symbol.endswith}.get(ours)
    found = [name for currency, name in amounts.items() if fits and symbol and fits(currency)]
    return found[0] if len(found) == 1 else ""


def _as_written(name: str, names: Sequence[str]) -> str:
    """pandas reads a second ``close`` as ``close.1``, as if it were something else."""
    first = re.sub(r"\.\d+$", "", name)
    return first if first in names else name


def _plain(name: str) -> str:
    """``Open time`` and ``open-time`` are ``open_time``."""
    return re.sub(r"[^a-z0-9]+", "_", str(name).strip().lower()).strip("_")


def _given(names: Sequence[str]) -> str:
    shown = ", ".join(str(name) for name in names[:12])
    return f"; the file has {shown}"
