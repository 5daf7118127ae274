"""The record of operator commands in PostgreSQL."""

from sqlalchemy import Engine, insert, select

from trading_pipeline.adapters.stores.operations.audit_trail import append_to_chain
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import operator_commands
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.commands import CommandOutcome, CommandRecord, CommandVerb, OperatorCommand
from trading_pipeline.domain.model.halts import HaltScope
from trading_pipeline.ports.stores.operations.command_log import CommandLog


class PostgresCommandLog(CommandLog):
    """``operator_commands``, whose trigger refuses every change; each line is one of the audit trail, too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, command: OperatorCommand, outcome: CommandOutcome, detail: str) -> None:
        """Insert one row here and one there, or none."""
        row = {
            "command_id": command.command_id,
            "verb": command.verb.value,
            "scope": command.scope,
            "actor": command.actor,
            "reason": command.reason,
            "given_at": command.given_at,
            "run_id": command.run_id,
            "outcome": outcome.value,
            "detail": detail,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(operator_commands).values(**row))
            append_to_chain(connection, _entry(command, outcome, detail))

    def of(self, command_id: str) -> list[CommandRecord]:
        """Rows of the command as they were written."""
        table = operator_commands.c
        query = select(operator_commands).where(table.command_id == command_id).order_by(table.record_id)
        with reading(self._engine) as connection:
            return [
                CommandRecord(
                    OperatorCommand(
                        command_id=row.command_id,
                        verb=CommandVerb(row.verb),
                        scope=HaltScope(row.scope),
                        actor=row.actor,
                        reason=row.reason,
                        given_at=row.given_at,
                        run_id=row.run_id,
                    ),
                    CommandOutcome(row.outcome),
                    row.detail,
                )
                for row in connection.execute(query)
            ]


def _entry(command: OperatorCommand, outcome: CommandOutcome, detail: str) -> AuditEntry:
    """A command's id is that of the request or of the run that brought it."""
    said = "; ".join(part for part in (command.reason, detail) if part)
    return AuditEntry(
        command.actor, f"command.{command.verb}", command.scope, outcome.value, command.command_id, detail=said
    )
