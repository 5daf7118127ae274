"""Who orders something through the API, and what the audit trail keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.operations.audit_trail import PostgresAuditTrail
from trading_pipeline.domain.model.access import Principal
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.commands import CommandVerb, OperatorCommand
from trading_pipeline.domain.model.halts import HaltScope


@dataclass(frozen=True, slots=True)
class Asker:
    """Who orders something, in which request: its id is the command's."""

    principal: Principal
    request_id: str

    def command(self, verb: CommandVerb, scope: HaltScope, reason: str) -> OperatorCommand:
        """For the record; wall time, as for every command of a person."""
        return OperatorCommand(self.request_id, verb, scope, self.principal.name, reason, datetime.now(UTC))

    def record(
        self,
        engine: Engine,
        action: str,
        subject: str,
        outcome: str = "done",
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Put on the audit trail what was done in this request, or asked for."""
        who, before, after = self.principal.name, dict(before or {}), dict(after or {})
        entry = AuditEntry(who, action, subject, outcome, self.request_id, before=before, after=after)
        PostgresAuditTrail(engine).append(entry)
