"""How a process of the system tells the operator: every way there is, and a row that stays."""

from sqlalchemy import Engine

from trading_pipeline.adapters.notifiers.catalog import operator_notifier
from trading_pipeline.adapters.stores.operations.notification_log import NotificationLog
from trading_pipeline.ports.notifications import Notifier


def kept_notifier(engine: Engine) -> Notifier:
    """All of them as one."""
    return operator_notifier(NotificationLog(engine))
