"""Whether the ledger adds up, asked of what is stored: no check needs the venue, and none decides about a trade."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import dagster as dg

from trading_pipeline.defs.operations.queues import housekeeping_tags
from trading_pipeline.defs.operations.verdicts import judged
from trading_pipeline.ports.stores.execution.ledger_books import LedgerBooks
from trading_pipeline.resources.beside import SCHEDULES
from trading_pipeline.resources.stores import Stores
from trading_pipeline.services.accounting.judge_ledger import (
    fills_booked,
    ledger_equals_venue,
    orders_settled,
    positions_protected,
    results_equal,
    wallet_explained,
)


def _check(
    asset: str,
    name: str,
    ask: Callable[[LedgerBooks], Mapping[str, str]],
    description: str,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, name=name, description=description)
    def check(stores: Stores) -> dg.AssetCheckResult:
        """Ask the books."""
        return judged(ask(stores.operations.ledger_books), severity=severity)

    return check


ledger_checks = [
    _check("orders", "nothing_in_doubt", orders_settled, "Every order that was perhaps sent was asked about in time."),
    _check("fills", "orders_are_booked", fills_booked, "Fills of each order that is over are what the order filled."),
    _check(
        "positions",
        "open_has_a_stop",
        positions_protected,
        "Every open position has a stop, by the ledger and by the last comparison with the venue.",
    ),
    _check(
        "positions",
        "parts_equal_the_whole",
        results_equal,
        "Profit, fees and funding of each closed position are the sums of its fills.",
    ),
    _check(
        "equity",
        "wallet_is_explained",
        wallet_explained,
        "Within the newest day the balance moved by what fills earned, after fees and funding.",
        # a person who deposits or trades by hand is no fault of the ledger's
        dg.AssetCheckSeverity.WARN,
    ),
    _check(
        "reconciliation",
        "ledger_equals_venue",
        ledger_equals_venue,
        "The last comparison of venue and ledger found no difference that stands.",
    ),
]

ledger_job = dg.define_asset_job(
    "check_ledger",
    selection=dg.AssetSelection.checks(*ledger_checks),
    executor_def=dg.in_process_executor,
    tags=housekeeping_tags(timedelta(minutes=5)),
    description="Ask whether orders, fills, positions, equity and venue agree.",
)

ledger_schedule = dg.ScheduleDefinition(
    name="ledger_every_ten_minutes",
    job=ledger_job,
    cron_schedule="*/10 * * * *",
    description="Ask the checks of the ledger.",
    default_status=SCHEDULES,
)
