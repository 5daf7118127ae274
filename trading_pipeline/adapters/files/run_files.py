"""Backtests and signals as JSON documents; times are ISO 8601 in UTC."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

from trading_pipeline.domain.model.backtest_runs import LegRecord, RunRecord, TradeRecord
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.signals import Bias, Details

TRADE_KEYS = (
    *("instrument_id", "side", "entry_time", "entry_price", "exit_time", "exit_price", "quantity"),
    *("pnl_usdt", "pnl_r", "gross_pnl_r", "fees_usdt", "funding_usdt", "exit_reason"),
)
LEG_KEYS = tuple(spec.name for spec in fields(LegRecord))


def run_document(run: RunRecord) -> Details:
    """A run as its JSON document: ``run_id``, ``params``, ``metrics``, ``trades``."""
    return {
        "run_id": run.run_id,
        "params": run.params,
        "metrics": dict(run.metrics),
        "trades": [_trade_document(trade) for trade in run.trades],
    }


def write_document(path: Path, document: Mapping[str, object]) -> None:
    """Write a document; numbers that JSON does not have become ``null``.

    :raises ConfigurationError: the place cannot be written to.
    """
    # NaN is refused instead of written: what JSON does not have must have become null before.
    text = json.dumps(_plain(document), indent=1, allow_nan=False)
    write_text(path, text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file, making its folder.

    :raises ConfigurationError: the place cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}") from error


def read_run(path: Path) -> RunRecord:
    """A run from its document; what the document does not carry is left empty.

    :raises ConfigurationError: the file cannot be read.
    :raises DataError: it is not the document of a run.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}") from error
    try:
        trades = tuple(_trade(trade) for trade in document["trades"])
        return RunRecord(document["run_id"], document["params"], document["metrics"], trades)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is not the document of a backtest: {error!r}; write one with --json") from error


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with the letter Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _trade_document(trade: TradeRecord) -> Details:
    """One trade with exactly the keys of a document."""
    legs = [{key: getattr(leg, key) for key in LEG_KEYS} for leg in trade.legs]
    return {**{key: getattr(trade, key) for key in TRADE_KEYS}, "legs": legs}


def _trade(document: Mapping[str, object]) -> TradeRecord:
    """One trade of a document."""
    values = {key: _read(key, document[key]) for key in TRADE_KEYS}
    legs = document["legs"]
    if not isinstance(legs, Sequence):
        raise TypeError(f"legs = {legs!r}")
    made = tuple(LegRecord(*(_read(key, leg[key]) for key in LEG_KEYS)) for leg in legs)  # type: ignore[arg-type]
    return TradeRecord(**values, legs=made)  # type: ignore[arg-type]


def _read(key: str, value: object) -> object:
    """A value of a document in its own type."""
    if key.endswith("time"):
        return datetime.fromisoformat(str(value))
    return Bias(str(value)) if key == "side" else value


def _plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
