"""The ways to the operator, for sensors."""

import dagster as dg

from trading_pipeline.adapters.notifiers.catalog import operator_notifier
from trading_pipeline.ports.notifications import Notifier


class Alerts(dg.ConfigurableResource["Alerts"]):
    """What notices trouble outside of a service tells it here."""

    def notifier(self) -> Notifier:
        """Every way there is, as one."""
        return operator_notifier()
