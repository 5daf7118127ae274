"""Which worker a run waits for, who goes first there, and how long a run may take.

How many runs each tag allows at a time stands in ``runtime/dagster/dagster.yaml``.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import IntEnum

QUEUE_TAG = "dagster-celery/queue"
TRADING = "trading"
BACKFILL = "backfill"
ACCOUNT_TAG = "trading/account"
"""On runs that wait for the venue's account: together they leave one process to the waves."""


class Priority(IntEnum):
    """Who is taken first when several runs wait for a process; what people launch has none, which is 0."""

    HOUSEKEEPING = -10
    RECONCILIATION = 0
    WAVE = 10
    ORDERS = 20
    COMMAND = 30


def trading_tags(priority: Priority, longest: timedelta, account: str = "") -> Mapping[str, str]:
    """Tags of a job that the trading worker executes.

    Dagster does not repeat such a run: whoever requested it looks at what is left to do and requests another.

    :param longest: wall time after which a run is ended; Dagster is told whole seconds.
    :param account: what it asks the venue's account for; empty where it does not wait for it.
    """
    tags = {
        QUEUE_TAG: TRADING,
        "dagster/priority": str(int(priority)),
        # Seconds, as text: tags hold nothing else.
        "dagster/max_runtime": str(int(longest.total_seconds())),
        "dagster/max_retries": "0",
    }
    return {**tags, ACCOUNT_TAG: account} if account else tags


def housekeeping_tags(longest: timedelta) -> Mapping[str, str]:
    """Tags of a job that keeps the system itself in order: behind everything else, and not repeated before its time.

    :param longest: wall time after which a run is ended; Dagster is told whole seconds.
    """
    return {
        QUEUE_TAG: BACKFILL,
        "dagster/priority": str(int(Priority.HOUSEKEEPING)),
        "dagster/max_runtime": str(int(longest.total_seconds())),
        "dagster/max_retries": "0",
    }
