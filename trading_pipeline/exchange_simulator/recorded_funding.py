"""Recorded funding rates from CSV files beside the recorded bars."""

import csv
import gzip
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.exchange_simulator.payloads.market import FUNDING_CAP

_NAME = re.compile(r"(?:bybit_linear_)?(?P<symbol>[A-Z0-9]+)_funding(?:_\w+)?\.csv(?:\.gz)?")
_COLUMNS = ["funding_time_ms", "funding_rate"]


def load_funding(folder: Path, symbol: str) -> dict[int, Decimal]:
    """The rates that were charged for the symbol, by UTC milliseconds; none without a file.

    All files of the symbol count; those of other venues do not, since their rates were charged elsewhere.

    :raises DataError: a file cannot be read, a row is bad, or two files contradict each other.
    """
    found: dict[int, Decimal] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match is None or match["symbol"] != symbol:
            continue
        for at_ms, rate in _read(path).items():
            # Files of overlapping years may repeat a rate; they may not disagree about it.
            if found.setdefault(at_ms, rate) != rate:
                raise DataError(f"{path}: rate {rate} at {at_ms}, another file of {symbol} says {found[at_ms]}")
    return found


def _read(path: Path) -> dict[int, Decimal]:
    """One file, whose times have to ascend."""
    rates: dict[int, Decimal] = {}
    newest = -1
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", newline="") as file:
            rows = csv.reader(file)
            if next(rows, []) != _COLUMNS:
                raise DataError(f"{path}: the first line must be {','.join(_COLUMNS)}")
            for number, row in enumerate(rows, 1):
                at_ms, rate = _parsed(path, number, row)
                if at_ms <= newest:
                    raise DataError(f"{path}: row {number}: time {at_ms} does not come after {newest}")
                rates[at_ms] = rate
                newest = at_ms
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from error
    return rates


def _parsed(path: Path, number: int, row: list[str]) -> tuple[int, Decimal]:
    try:
        at_ms, rate = int(row[0]), Decimal(row[1])
    except (IndexError, ValueError, InvalidOperation):
        raise DataError(f"{path}: row {number}: {','.join(row)!r} is no time in milliseconds and rate") from None
    if not rate.is_finite() or abs(rate) > FUNDING_CAP:
        raise DataError(f"{path}: row {number}: rate {rate} is beyond the venue's cap of {FUNDING_CAP}; a share, not %")
    return at_ms, rate
