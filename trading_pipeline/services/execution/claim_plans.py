"""Take the plans that this run is to execute."""

from dataclasses import replace
from datetime import timedelta

from trading_pipeline.domain.model.plans import Claim
from trading_pipeline.domain.risk.entry_order import entry_order
from trading_pipeline.domain.risk.limits import EntriesBy
from trading_pipeline.ports.stores.execution.ledger import PlanQueue
from trading_pipeline.ports.venue.clock import Clock

LEASE = timedelta(seconds=60)
"""Wall time after which another run may take over what this one left behind."""


def claim_plans(
    *,
    plans: PlanQueue,
    clock: Clock,
    run_id: str,
    entries_by: EntriesBy = EntriesBy.SYMBOL,
    lease: timedelta = LEASE,
) -> Claim:
    """Claim every plan that is new and still valid at venue time, and expire what is too late.

    Called again by the same run it returns the same plans; plans a dead run left behind come back
    once their lease is over, with whatever orders they have. Historical plans are never touched.

    :param entries_by: what their order goes by within one close.
    """
    # Venue time for what is too late, wall time (the database's) for the lease: a replay's clock may stand still.
    claim = plans.claim(run_id, clock.now(), lease)
    return replace(claim, plans=entry_order(claim.plans, entries_by))
