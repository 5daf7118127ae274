"""Alerts as lines of the log: always there, whatever else is configured."""

import structlog

from trading_pipeline.ports.notifications import Notifier, Severity

_LEVELS = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}


class LogNotifier(Notifier):
    """Writes each alert as one structured line."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("alerts")

    def notify(self, severity: Severity, subject: str, body: str) -> None:
        """Log the alert at the level of its severity."""
        getattr(self._log, _LEVELS[severity])(subject, body=body)
