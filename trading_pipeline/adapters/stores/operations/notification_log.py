"""Alerts as rows: what the operator was told, for whoever looks later."""

from datetime import timedelta

from sqlalchemy import Engine, delete, func, insert

from trading_pipeline.adapters.stores.postgres.operations_tables import notifications
from trading_pipeline.ports.notifications import AlertArchive, Notifier, Severity


class NotificationLog(Notifier, AlertArchive):
    """Keeps each alert in ``trading.notifications``.

    Among several ways the failure of this one is told by the others: an alert that cannot be kept is still told.
    """

    def __init__(self, engine: Engine) -> None:
        """:param engine: of the process, so that an alert costs no connection of its own."""
        self._engine = engine

    def notify(self, severity: Severity, subject: str, body: str) -> None:
        """Insert one row."""
        row = {"severity": severity.value, "subject": subject, "body": body}
        with self._engine.begin() as connection:
            connection.execute(insert(notifications), row)

    def remove_older(self, keep: timedelta) -> int:
        """Delete; the table's trigger lets nothing go that is younger than a month."""
        old = notifications.c.told_at < func.clock_timestamp() - keep
        with self._engine.begin() as connection:
            return connection.execute(delete(notifications).where(old)).rowcount
