"""The ways to the operator, for sensors."""

import dagster as dg

from trading_pipeline.ports.notifications import Notifier
from trading_pipeline.resources.operator_alerts import kept_notifier
from trading_pipeline.resources.stores import Stores


class Alerts(dg.ConfigurableResource["Alerts"]):
    """What notices trouble outside of a service tells it here."""

    stores: dg.ResourceDependency[Stores]

    def notifier(self) -> Notifier:
        """Every way there is, as one."""
        return kept_notifier(self.stores.engine)
