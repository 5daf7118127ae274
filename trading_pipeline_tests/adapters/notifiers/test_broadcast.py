"""What becomes of a message when one way to the operator is cut."""

import pytest

from trading_pipeline.adapters.notifiers.broadcast import Broadcast
from trading_pipeline.ports.notifications import Notifier, Severity
from trading_pipeline_tests.testkit.execution_lab import Postbox


class CutWire(Notifier):
    """Reaches nobody."""

    def notify(self, severity: Severity, subject: str, body: str) -> None:
        """Fail."""
        raise ConnectionError("no route to host")


@pytest.mark.parametrize("cut_first", [True, False])
def test_a_failing_way_is_reported_through_the_others(cut_first: bool) -> None:
    postbox = Postbox()
    ways = [CutWire(), postbox] if cut_first else [postbox, CutWire()]
    Broadcast(ways).notify(Severity.CRITICAL, "no stop: BTCUSDT", "closing at market")
    told, lost = postbox.messages
    assert told == (Severity.CRITICAL, "no stop: BTCUSDT", "closing at market")
    assert lost[:2] == (Severity.WARNING, "alert not sent: no stop: BTCUSDT")
    assert "CutWire failed (ConnectionError: no route to host)" in lost[2]


def test_an_alert_that_reaches_nobody_stops_nothing() -> None:
    Broadcast([CutWire(), CutWire()]).notify(Severity.CRITICAL, "no stop: BTCUSDT", "closing at market")
