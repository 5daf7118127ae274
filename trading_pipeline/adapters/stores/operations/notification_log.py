"""Alerts as rows: what the operator was told, for whoever looks later."""

from sqlalchemy import Engine, insert

from trading_pipeline.adapters.stores.postgres.operations_tables import notifications
from trading_pipeline.ports.notifications import Notifier, Severity


class NotificationLog(Notifier):
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
