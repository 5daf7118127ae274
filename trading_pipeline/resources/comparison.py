"""Venue against ledger, for an asset: it can compare and do nothing else with the account."""

import dagster as dg

from trading_pipeline.resources.venue import ExecutionResource
from trading_pipeline.services.execution.observe_differences import Observed, observe_differences


class Comparison(dg.ConfigurableResource["Comparison"]):
    """What can be materialised can be repeated, so an asset gets this and never the account itself."""

    account: dg.ResourceDependency[ExecutionResource]

    def observe(self) -> Observed:
        """Compare now; a difference is kept with its life.

        :raises ConfigurationError: no key, or live mode without the account's acknowledgement.
        :raises TemporaryVenueError: the venue does not answer.
        """
        return observe_differences(context=self.account.context)
