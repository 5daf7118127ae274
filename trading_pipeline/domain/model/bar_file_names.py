"""What the name of a file says of the bars in it: symbol and timeframe.

``BTCUSDT-1h-2024-01.zip`` (Binance), ``BTC_USDT_USDT-1h-futures.feather`` (freqtrade), ``BYBIT_BTCUSDT.P, 240.csv``
(TradingView), ``Binance_BTCUSDT_1h.csv`` (CryptoDataDownload), ``BTCUSDT_15_2024-01-01_2024-01-31.csv.gz`` (Bybit),
``bybit_linear_BTCUSDT_5m_2025.csv.gz`` (ours).
"""

import re
from dataclasses import dataclass

_QUOTES = ("USDT", "USDC", "USD", "PERP", "EUR", "BTC")
_WORD = re.compile(r"[A-Z0-9]{5,24}")
_UNITS = re.compile(r"(\d+)(m|h|d|w|M|min|hour|day)")
_MINUTES = {"1", "3", "5", "15", "30", "60", "120", "240", "360", "480", "720", "1440"}
_DAYS = {"D": "1d", "1D": "1d", "1440": "1d", "d": "1d", "W": "1w"}
_ENDING = re.compile(r"(\.(csv|txt|jsonl?|ndjson|parquet|feather))?(\.(gz|bz2|xz|zip))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileName:
    """What a name says; empty where it says nothing.

    :param timeframe: as ``15m``, whether it is one that is read or not.
    """

    symbol: str
    timeframe: str


def file_name_parts(name: str) -> FileName:
    """Symbol and timeframe of a file's name, without its folders."""
    words = [word for word in re.split(r"[-_, ()]+", _ENDING.sub("", name)) if word]
    at, symbol, behind = _symbol(words)
    # The word behind the symbol alone: in a date further on, ``15`` is a day and no length of bars.
    following = words[at + behind : at + behind + 1] if symbol else []
    return FileName(symbol, next((length for length in map(spelled, following) if length), ""))


def spelled(text: str) -> str:
    """A length of bars as we write it: ``60``, ``1h`` and ``60min`` are ``1h``; empty for what is none."""
    if text in _DAYS:
        return _DAYS[text]
    match = _UNITS.fullmatch(text)
    if match:
        count, unit = int(match[1]), {"min": "m", "hour": "h", "day": "d"}.get(match[2], match[2])
    elif text in _MINUTES:
        count, unit = int(text), "m"
    else:
        return ""
    if unit == "m" and count % 60 == 0 and count:
        count, unit = count // 60, "h"
    return "1d" if (count, unit) == (24, "h") else f"{count}{unit}"


def _symbol(words: list[str]) -> tuple[int, str, int]:
    """Place of the symbol, the symbol, and of how many words it is made."""
    for at, word in enumerate(words):
        plain = word.removesuffix(".P")
        if _WORD.fullmatch(plain) and plain.endswith(_QUOTES) and not plain.isdigit() and plain not in _QUOTES:
            return at, plain, 1
        if at + 1 < len(words) and words[at + 1] in _QUOTES and word.isupper():
            # a perpetual of freqtrade names what it settles in as well
            return at, word + words[at + 1], 2 + (words[at + 2 : at + 3] == [words[at + 1]])
    return 0, "", 0
