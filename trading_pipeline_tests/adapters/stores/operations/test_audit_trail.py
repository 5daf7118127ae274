"""The audit trail grows, and what is changed in it shows."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from trading_pipeline.adapters.stores.operations.audit_trail import PostgresAuditTrail
from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
from trading_pipeline.domain.model.audit import AuditEntry, verify_chain
from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb, OperatorCommand
from trading_pipeline_tests.testkit.execution_lab import WAVE


def entry(number: int) -> AuditEntry:
    return AuditEntry("ann", "user.change", f"user-{number}", "done", "r", before={"active": True}, after={"n": number})


@pytest.fixture
def trail(database: Engine) -> PostgresAuditTrail:
    """Five records."""
    trail = PostgresAuditTrail(database)
    for number in range(5):
        trail.append(entry(number))
    return trail


def test_the_chain_of_what_was_written_is_sound(trail: PostgresAuditTrail) -> None:
    verdict = verify_chain(trail.records())
    assert (verdict.records, verdict.broken) == (5, "")
    assert [record.entry for record in trail.records()] == [entry(number) for number in range(5)]


def test_writers_at_the_same_time_take_turns(database: Engine) -> None:
    trail = PostgresAuditTrail(database)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(trail.append, map(entry, range(24))))
    verdict = verify_chain(trail.records())
    assert (verdict.records, verdict.broken) == (24, "")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trading.audit_trail SET actor = 'bob'",
        "DELETE FROM trading.audit_trail WHERE number = 3",
        "TRUNCATE trading.audit_trail",
    ],
)
def test_nobody_rewrites_it(database: Engine, trail: PostgresAuditTrail, change: str) -> None:
    with pytest.raises(DBAPIError, match="audit_trail is append-only"), database.begin() as connection:
        connection.execute(text(change))
    assert verify_chain(trail.records()).records == 5


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE trading.audit_trail SET actor = 'bob' WHERE number = 3", "record 3 is not what was written"),
        ("""UPDATE trading.audit_trail SET before = '{}' WHERE number = 1""", "record 1 is not what was written"),
        ("UPDATE trading.audit_trail SET written_at = now() WHERE number = 5", "record 5 is not what was written"),
        ("DELETE FROM trading.audit_trail WHERE number = 2", "record 2 is missing"),
    ],
)
def test_whoever_gets_around_the_triggers_is_seen(
    database: Engine, trail: PostgresAuditTrail, change: str, broken: str
) -> None:
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE trading.audit_trail DISABLE TRIGGER ALL"))
        connection.execute(text(change))
    assert broken in verify_chain(trail.records()).broken


def test_every_recorded_command_is_in_the_trail(database: Engine) -> None:
    command = OperatorCommand("c-1", CommandVerb.HALT, "all", "ann", "maintenance", WAVE, "run-1")
    log = PostgresCommandLog(database)
    log.append(command, CommandOutcome.ASKED, "")
    log.append(command, CommandOutcome.DONE, "halted")
    told = [(one.entry.action, one.entry.outcome, one.entry.detail) for one in PostgresAuditTrail(database).records()]
    assert told == [("command.halt", "asked", "maintenance"), ("command.halt", "done", "maintenance; halted")]
