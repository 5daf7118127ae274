"""Telling people."""

from abc import ABC, abstractmethod
from datetime import timedelta
from enum import StrEnum


class Severity(StrEnum):
    """``CRITICAL``: money is at risk now. ``WARNING``: look today. ``INFO``: nothing to do."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertArchive(ABC):
    """Alerts that were kept."""

    @abstractmethod
    def remove_older(self, keep: timedelta) -> int:
        """Remove what was told longer ago than ``keep``, wall time as the database sees it.

        :returns: alerts removed.
        """


class Notifier(ABC):
    """A way to reach the operator. Never raises: an alert that fails must not stop protection."""

    @abstractmethod
    def notify(self, severity: Severity, subject: str, body: str) -> None:
        """Send one message.

        :param subject: a few words that fit a phone's lock screen.
        :param body: what happened, what was done about it, what the operator has to do.
        """
