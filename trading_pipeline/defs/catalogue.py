"""What the UI tells about every asset: who owns it, which table holds it, which columns that has.

One row a table; whatever is named after it, with or without a timeframe, is described by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from trading_pipeline.adapters.stores.postgres import condition_tables, research_tables, tables
from trading_pipeline.adapters.stores.postgres.schemas import BARS, SNAPSHOTS
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.timeframes import Timeframe

if TYPE_CHECKING:
    import pandera.pandas as pa

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
OWNERS = ["team:trading-pipeline"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the catalogue.

    :param context: the column of the house that the asset belongs to.
    :param table: what holds its rows; ``None`` for what is no table, such as a stream.
    :param schema: what its frames have to keep when they are stored.
    """

    context: str
    table: Table | None
    schema: "pa.DataFrameSchema | None" = None


CATALOGUE = {
    "public_stream": Entry("market_data", None),
    "private_stream": Entry("execution", None),
    "raw_bars": Entry("market_data", tables.raw_bars),
    "book_samples": Entry("market_data", tables.book_samples),
    "tickers": Entry("market_data", condition_tables.tickers),
    "instruments": Entry("market_data", condition_tables.instruments),
    "funding_rates": Entry("market_data", condition_tables.funding_rates),
    "open_interest": Entry("market_data", condition_tables.open_interest),
    "mark_bars": Entry("market_data", condition_tables.mark_bars),
    "book_snapshots": Entry("market_data", condition_tables.book_snapshots),
    "public_trades": Entry("market_data", condition_tables.public_trades),
    "bars": Entry("market_data", tables.bars, BARS),
    "indicator_snapshots": Entry("strategy", tables.indicator_snapshots, SNAPSHOTS),
    "signals": Entry("strategy", tables.signals),
    "trade_plans": Entry("strategy", tables.trade_plans),
    "orders": Entry("execution", tables.order_intents),
    "fills": Entry("execution", tables.fills),
    "positions": Entry("execution", tables.positions),
    "halts": Entry("execution", tables.halts),
    "equity": Entry("accounting", tables.equity_snapshots),
    "reconciliation": Entry("accounting", tables.reconciliation_log),
    "backtests": Entry("research", research_tables.backtest_runs),
    "avi5_calibration": Entry("research", research_tables.avi5_calibrations),
    "parity": Entry("research", None),
}
"""Streams are named with their venue in front, tables of bars with their timeframe behind."""

STRATEGIES_ANSWER = "strategies_answer"

ASKED: dict[str, str] = {
    CheckName.NO_GAP: "Every bar of the range is stored, and no hole lies in the window its indicators look back on.",
    CheckName.SOURCES_AGREE: "Stream and REST say the same of the bar, as far as both said anything.",
    CheckName.OHLC_SANE: "High and low enclose open and close, and no price or volume is one that no market makes.",
    STRATEGIES_ANSWER: "No strategy raised or failed to come to an end; asked alone, in the newest computed wave.",
}
"""What each check asks: of a bar, or of the strategies."""

_SUFFIXES = tuple(f"_{timeframe}" for timeframe in Timeframe)


def catalogued(assets: Iterable[dg.AssetsDefinition | dg.AssetSpec]) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets with owner, context and table; what an asset says of itself stays, such as a mart.

    :raises KeyError: an asset without a row in the catalogue.
    """
    return [
        one.map_asset_specs(_described) if isinstance(one, dg.AssetsDefinition) else _described(one) for one in assets
    ]


def entry_of(key: dg.AssetKey) -> Entry:
    """The row of an asset."""
    name = key.path[-1]
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    # A stream is one per venue (``bybit_public_stream``) and has one row here.
    stream = next((row for row in CATALOGUE if row.endswith("_stream") and name.endswith(f"_{row}")), name)
    return CATALOGUE[stream]


def context_tags(context: str) -> dict[str, str]:
    """What an asset of a context is found by."""
    return {"context": context}


def _described(spec: dg.AssetSpec) -> dg.AssetSpec:
    # A spec with owners has told everything itself, as marts do out of dbt's manifest.
    if spec.owners:
        return spec
    entry = entry_of(spec.key)
    return spec.replace_attributes(
        owners=OWNERS,
        tags={**context_tags(entry.context), **spec.tags},
        metadata={**_table_metadata(entry), **spec.metadata},
        kinds={"python", *spec.kinds} if spec.kinds == {"postgres"} else spec.kinds,
    )


def _table_metadata(entry: Entry) -> dict[str, object]:
    if entry.table is None:
        return {}
    return {
        "dagster/table_name": entry.table.fullname,
        "dagster/column_schema": column_schema(entry.table, entry.schema),
    }


def column_schema(table: Table, schema: "pa.DataFrameSchema | None" = None) -> dg.TableSchema:
    """The columns as the database has them, with the rules that frames have to keep on their way in."""
    # Dagster knows no keys of several columns, so the primary key is told as a rule of the table.
    rules = [f"unique: {', '.join(column.name for column in table.primary_key)}"]
    if schema is not None:
        rules += [str(check.name) for check in schema.checks]
    return dg.TableSchema(
        columns=[_column(column) for column in table.columns], constraints=dg.TableConstraints(other=rules)
    )


def _column(column: Column[object]) -> dg.TableColumn:
    nullable = bool(column.nullable)
    return dg.TableColumn(
        column.name, column.type.compile(_DIALECT).lower(), constraints=dg.TableColumnConstraints(nullable=nullable)
    )
