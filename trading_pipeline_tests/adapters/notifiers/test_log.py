"""Alerts as lines of the log."""

import pytest
from structlog.testing import capture_logs

from trading_pipeline.adapters.notifiers.log import LogNotifier
from trading_pipeline.ports.notifications import Severity


@pytest.mark.parametrize("severity", list(Severity))
def test_an_alert_is_one_line_at_its_own_level(severity: Severity) -> None:
    with capture_logs() as lines:
        LogNotifier().notify(severity, "no stop: BTCUSDT", "closing at market")
    assert lines == [{"event": "no stop: BTCUSDT", "body": "closing at market", "log_level": severity.value}]
