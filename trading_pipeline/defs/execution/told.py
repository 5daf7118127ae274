"""What the steps of execution tell the graph: one event per table and partition that they wrote to.

An event comes after the rows are stored. A run that dies before it tells is followed by one that takes the
work up again and tells then; the rows and their ``run_id`` are the record, the event only leads to them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import dagster as dg

from trading_pipeline.adapters.stores.execution.ledger_trail import WrittenRows
from trading_pipeline.domain.model.accounts import Wallet

Told = int | str | list[str] | dict[str, float]
"""Values that Dagster stores as they are."""


def tell_ledger(context: dg.OpExecutionContext, rows: Iterable[WrittenRows]) -> None:
    """Orders, fills and positions, with the ids of what was written and the rows that the partition holds now."""
    for one in rows:
        key = dg.MultiPartitionKey({"day": one.day.date().isoformat(), "instrument": one.instrument_id})
        metadata: dict[str, Told] = {
            "dagster/row_count": one.count,
            "ids": list(one.ids),
            "plan_ids": list(one.plan_ids),
        }
        context.log_event(dg.AssetMaterialization(one.table, partition=key, metadata=metadata))


def tell_equity(context: dg.OpExecutionContext, wallet: Wallet) -> None:
    """A reading of the account's money, on its UTC day; one row a currency, each amount in that currency."""
    if held := _held(wallet):
        tell_day(context, "equity", wallet.read_at, {"rows_written": len(held), "equity": held})


def tell_changed_equity(context: dg.OpExecutionContext, wallet: Wallet) -> None:
    """A reading, unless the day was told of the same money last: the row of every reading stands in the table."""
    last = context.instance.get_latest_materialization_event(dg.AssetKey("equity"))
    told = last.asset_materialization if last is not None else None
    # Compared with the day as well: the first reading of a day is told, even of the same money.
    if told is None or (told.partition, told.metadata["equity"].value) != (_day(wallet.read_at), _held(wallet)):
        tell_equity(context, wallet)


def _held(wallet: Wallet) -> dict[str, float]:
    """Equity by currency, each in itself: USDT in USDT."""
    return {currency: float(balance.equity) for currency, balance in wallet.balances.items()}


def tell_day(context: dg.OpExecutionContext, table: str, at: datetime, metadata: Mapping[str, Told]) -> None:
    """Rows of a table without instruments, on the UTC day of ``at``."""
    context.log_event(dg.AssetMaterialization(table, partition=_day(at), metadata=metadata))


def _day(at: datetime) -> str:
    # Venue time is UTC, so the date needs no conversion; it is the key of the partition.
    return at.date().isoformat()
