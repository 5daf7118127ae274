"""What ``Notifier`` promises, whoever keeps it."""

from collections.abc import Callable

import pytest

from trading_pipeline.ports.notifications import Notifier, Severity

Heard = list[tuple[Severity, str, str]]


class NotifierContract:
    """Give the fixtures ``notifier``, and ``heard``, which tells what reached the operator, in order."""

    @pytest.mark.parametrize("severity", list(Severity))
    def test_a_message_arrives_once_with_its_severity(
        self, notifier: Notifier, heard: Callable[[], Heard], severity: Severity
    ) -> None:
        notifier.notify(severity, "no stop: BTCUSDT", "closing at market")
        assert heard() == [(severity, "no stop: BTCUSDT", "closing at market")]

    def test_messages_arrive_in_the_order_they_were_sent(self, notifier: Notifier, heard: Callable[[], Heard]) -> None:
        for number in range(3):
            notifier.notify(Severity.WARNING, f"alarm {number}", "")
        assert [subject for _, subject, _ in heard()] == ["alarm 0", "alarm 1", "alarm 2"]

    @pytest.mark.parametrize("text", ["100 % of {equity}", "%s %(name)s", "two\nlines", "Übertrag 1 €", "[red]<b>"])
    def test_a_text_is_no_template(self, notifier: Notifier, heard: Callable[[], Heard], text: str) -> None:
        notifier.notify(Severity.INFO, text, text)
        assert heard() == [(Severity.INFO, text, text)]
