"""The ways to the operator, for sensors."""

import dagster as dg

from trading_pipeline.adapters.notifiers.catalog import operator_notifier
from trading_pipeline.adapters.stores.operations.notification_log import NotificationLog
from trading_pipeline.ports.notifications import Notifier
from trading_pipeline.resources.stores import Stores


class Alerts(dg.ConfigurableResource["Alerts"]):
    """What notices trouble outside of a service tells it here."""

    stores: dg.ResourceDependency[Stores]

    def notifier(self) -> Notifier:
        """Every way there is, as one."""
        return operator_notifier(NotificationLog(self.stores.engine))
