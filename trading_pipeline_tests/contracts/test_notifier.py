"""The ways to reach the operator: the log, all of them as one, and the fake."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select
from structlog.testing import capture_logs

from trading_pipeline.adapters.notifiers.broadcast import Broadcast
from trading_pipeline.adapters.notifiers.log import LogNotifier
from trading_pipeline.adapters.stores.operations.notification_log import NotificationLog
from trading_pipeline.adapters.stores.postgres.operations_tables import notifications
from trading_pipeline.ports.notifications import Severity
from trading_pipeline_tests.contracts.notifier_contract import Heard, NotifierContract
from trading_pipeline_tests.testkit.execution_lab import Postbox


class TestLogNotifier(NotifierContract):
    @pytest.fixture
    def lines(self) -> Iterator[list[Any]]:
        with capture_logs() as lines:
            yield lines

    @pytest.fixture
    def notifier(self, lines: list[Any]) -> LogNotifier:
        return LogNotifier()

    @pytest.fixture
    def heard(self, lines: list[Any]) -> Callable[[], Heard]:
        return lambda: [(Severity(line["log_level"]), line["event"], line["body"]) for line in lines]


class TestNotificationLog(NotifierContract):
    @pytest.fixture
    def notifier(self, database: Engine) -> NotificationLog:
        return NotificationLog(database)

    @pytest.fixture
    def heard(self, database: Engine) -> Callable[[], Heard]:
        told = notifications.c

        def heard() -> Heard:
            query = select(told.severity, told.subject, told.body).order_by(told.notification_id)
            with database.connect() as connection:
                return [(Severity(row.severity), row.subject, row.body) for row in connection.execute(query)]

        return heard


class TestBroadcast(NotifierContract):
    @pytest.fixture
    def postboxes(self) -> tuple[Postbox, Postbox]:
        return Postbox(), Postbox()

    @pytest.fixture
    def notifier(self, postboxes: tuple[Postbox, Postbox]) -> Broadcast:
        return Broadcast(postboxes)

    @pytest.fixture(params=[0, 1], ids=["the first way", "the second way"])
    def heard(self, postboxes: tuple[Postbox, Postbox], request: pytest.FixtureRequest) -> Callable[[], Heard]:
        return lambda: postboxes[request.param].messages


class TestPostbox(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Postbox:
        return Postbox()

    @pytest.fixture
    def heard(self, notifier: Postbox) -> Callable[[], Heard]:
        return lambda: notifier.messages
