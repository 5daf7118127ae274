"""The ledger in the graph: tables that the steps of execution runs write and tell about.

No asset computes them: what can be materialised can be repeated, and an order must not be. See
docs/decisions/0001-orders-are-ops.md. The comparison with the venue can be repeated (``reconciliation.py``).

A row lies in the partition of the plan that it carries out, the day its bar
opened in and its instrument, so that the same key leads from a fill up to its bar.
"""

import dagster as dg

from trading_pipeline.defs.market_data.feed import PRIVATE_STREAM
from trading_pipeline.defs.market_data.partitions import GRID, UNIVERSE

DAYS = GRID.get_partitions_def_for_dimension("day")
_KINDS = {"python", "postgres"}
_PLANS = [f"trade_plans_{timeframe}" for timeframe in UNIVERSE.timeframes]

ledger_assets = [
    dg.AssetSpec(
        "orders",
        deps=[*_PLANS, PRIVATE_STREAM],
        partitions_def=GRID,
        group_name="execution",
        kinds=_KINDS,
        description="Every order that was meant, written before it is sent: what the gate let in, and each order that "
        "protects or leaves. A plan that the gate denied has none; its row in trade_plans says which rule denied it.",
    ),
    dg.AssetSpec(
        "fills",
        deps=["orders", PRIVATE_STREAM],
        partitions_def=GRID,
        group_name="execution",
        kinds=_KINDS,
        description="Every execution as the venue books it, once per execution id; told of by the run that answers it.",
    ),
    dg.AssetSpec(
        "positions",
        deps=["orders", "fills"],
        partitions_def=GRID,
        group_name="execution",
        kinds=_KINDS,
        description="What the fills of each plan add up to, with the stop that is live at the venue.",
    ),
    dg.AssetSpec(
        "equity",
        deps=["fills", PRIVATE_STREAM],
        partitions_def=DAYS,
        group_name="accounting",
        kinds=_KINDS,
        description="Readings of the account's money by currency, by the day of venue time that they were made on.",
    ),
    dg.AssetSpec(
        "halts",
        deps=["reconciliation"],
        partitions_def=DAYS,
        group_name="execution",
        kinds=_KINDS,
        description="What may not be entered, set by reconciliation and by people; by the day it was set or lifted on.",
    ),
]
"""``halts`` lie by day alone: one may cover an account or everything."""
