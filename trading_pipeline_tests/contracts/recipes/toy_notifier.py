"""A pigeon that carries messages to the folder of the process."""

from pathlib import Path

from trading_pipeline.ports.notifications import Notifier, Severity

LOFT = Path("loft.txt")


class Pigeon(Notifier):
    """One line a message."""

    def notify(self, severity: Severity, subject: str, body: str) -> None:
        """Add a line."""
        with LOFT.open("a") as loft:
            loft.write(f"{severity}|{subject}|{body}\n")
