"""The record of commands grows and never changes."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb, OperatorCommand
from trading_pipeline_tests.testkit.execution_lab import WAVE

HALT = OperatorCommand("c-1", CommandVerb.HALT, "all", "ann", "exchange maintenance", WAVE, "run-1")


@pytest.mark.parametrize(
    "change", ["UPDATE trading.operator_commands SET actor = 'bob'", "DELETE FROM trading.operator_commands"]
)
def test_nobody_rewrites_what_was_ordered(database: Engine, change: str) -> None:
    log = PostgresCommandLog(database)
    log.append(HALT, CommandOutcome.ASKED, "")
    with pytest.raises(DBAPIError, match="operator_commands is append-only"), database.begin() as connection:
        connection.execute(text(change))
    assert [record.command.actor for record in log.of("c-1")] == ["ann"]
