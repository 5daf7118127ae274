"""One message, every way."""

from collections.abc import Sequence

from trading_pipeline.ports.notifications import Notifier, Severity


class Broadcast(Notifier):
    """Tells each way in turn; one that fails keeps no other from being told, and the others are told that it failed."""

    def __init__(self, ways: Sequence[Notifier]) -> None:
        """:param ways: in the order in which they are told."""
        self._ways = tuple(ways)

    def notify(self, severity: Severity, subject: str, body: str) -> None:
        """Send the message, then what went wrong with it."""
        failures: dict[Notifier, str] = {}
        for way in self._ways:
            self._try(way, severity, subject, body, failures)
        for failed, problem in list(failures.items()):
            for way in self._ways:
                # A way that has just failed is not tried again with the news of it.
                if way not in failures:
                    self._try(way, Severity.WARNING, f"alert not sent: {subject}", _lost(failed, problem), failures)

    @staticmethod
    def _try(way: Notifier, severity: Severity, subject: str, body: str, failures: dict[Notifier, str]) -> None:
        try:
            way.notify(severity, subject, body)
        except Exception as error:  # noqa: BLE001 - whatever it is, an alert that fails must not stop protection
            failures[way] = f"{type(error).__name__}: {error}"


def _lost(way: Notifier, problem: str) -> str:
    return f"{type(way).__name__} failed ({problem}); the operator has not heard of it this way."
