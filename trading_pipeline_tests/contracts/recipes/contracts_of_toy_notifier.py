"""The toy notifier, alone and among all that reach the operator; runs only where the recipe has put it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trading_pipeline.adapters.notifiers.catalog import operator_notifier
from trading_pipeline.ports.notifications import Severity
from trading_pipeline_tests.contracts.notifier_contract import Heard

LOFT = Path("loft.txt")


@pytest.fixture
def heard() -> Callable[[], Heard]:
    LOFT.unlink(missing_ok=True)

    def heard() -> Heard:
        lines = (line.split("|") for line in LOFT.read_text().splitlines())
        return [(Severity(severity), subject, body) for severity, subject, body in lines]

    return heard


def test_what_the_operator_is_told_is_told_this_way_too(heard: Callable[[], Heard]) -> None:
    operator_notifier().notify(Severity.CRITICAL, "no stop: TULIP", "closing at market")
    assert heard() == [(Severity.CRITICAL, "no stop: TULIP", "closing at market")]
