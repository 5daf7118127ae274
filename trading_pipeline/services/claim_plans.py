"""Take the plans that this run is to execute."""

from datetime import timedelta

from trading_pipeline.ports.clock import Clock
from trading_pipeline.ports.ledger import Claim, PlanQueue

LEASE = timedelta(seconds=60)
"""Wall time after which another run may take over what this one left behind."""


def claim_plans(*, plans: PlanQueue, clock: Clock, run_id: str, lease: timedelta = LEASE) -> Claim:
    """Claim every plan that is new and still valid at venue time, and expire what is too late.

    Called again by the same run it returns the same plans; plans a dead run left behind come back
    once their lease is over, with whatever orders they have. Historical plans are never touched.
    """
    return plans.claim(run_id, clock.now(), lease)
