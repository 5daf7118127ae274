"""The jobs that touch orders, run by Dagster in this process on the account of a lab."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from threading import get_ident
from types import SimpleNamespace
from typing import Protocol
from uuid import UUID, uuid4

import dagster as dg
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.adapters.stores.execution.entry_health import PostgresEntryHealthReader
from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.execution.ledger_trail import LedgerTrail
from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.defs.execution import jobs
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.ports.stores.execution.risk_store import (
    EntryGate,
    EntryHealthReader,
    EquityLog,
    IndicatorReader,
    RiskEventLog,
)
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.services.execution.controls import Controls
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.tripwire import Tripwire


def history() -> dg.DagsterInstance:
    """The record of the runs of this thread."""
    return _instance(get_ident())


@cache
def _instance(thread: int) -> dg.DagsterInstance:
    """A record of runs in memory, one a thread, as making one takes longer than a run."""
    del thread  # makes the difference
    return dg.DagsterInstance.ephemeral()


class LabAccount(Protocol):
    """An account that the jobs run on: of a lab, or at the simulated exchange."""

    @property
    def database(self) -> Engine:
        """With its ledger."""
        ...

    def gate_of(self, run_id: str) -> EntryGate:
        """The one door to a new position, as a run opens it."""
        ...

    @property
    def equity(self) -> EquityLog:
        """Readings of the account's money."""
        ...

    @property
    def controls(self) -> Controls:
        """Halts and the record of commands."""
        ...

    def context(self, run_id: str) -> ExecutionContext:
        """The context of one run."""
        ...


@dataclass
class ExecutionOfLab:
    """In place of ``ExecutionResource``: the account of a lab, with every call of a port counted.

    :param run_id: of the claims and rows, the same when a run is taken up again.
    :param away: the venue does not answer when a run asks for it.
    """

    lab: LabAccount
    run_id: str = "run-1"
    wire: Tripwire = field(default_factory=Tripwire)
    away: bool = False

    @property
    def stores(self) -> SimpleNamespace:
        """The database, which is asked what an id means before a run touches the account."""
        return SimpleNamespace(engine=self.lab.database)

    @property
    def parameters(self) -> Parameters:
        """Those of the checkout."""
        return Parameters(config_dir="config")

    @property
    def context(self) -> ExecutionContext:
        """The account.

        :raises TemporaryVenueError: the venue is away.
        """
        if self.away:
            raise TemporaryVenueError("no answer")
        context = self.lab.context(self.run_id)
        return replace(
            context,
            ledger=self.wire.around(context.ledger),
            trading=self.wire.around(context.trading),
            halts=self.wire.around(context.halts),
            signals=self.wire.around(context.signals),
            clock=self.wire.around(context.clock),
        )

    @property
    def positions(self) -> PostgresAccountOverview:
        """Positions of every account as they are stored."""
        return PostgresAccountOverview(self.lab.database)

    @property
    def controls(self) -> Controls:
        """Halts and the record of commands."""
        controls = self.lab.controls
        return replace(controls, halts=self.wire.around(controls.halts), commands=self.wire.around(controls.commands))

    @property
    def gate(self) -> EntryGate:
        """The one door to a new position."""
        return self.wire.around(self.lab.gate_of(self.run_id))

    @property
    def equity(self) -> EquityLog:
        """Readings of the account's money."""
        return self.wire.around(self.lab.equity)

    @property
    def risk_events(self) -> RiskEventLog:
        """What the account's watch decided."""
        return self.wire.around(PostgresRiskEventLog(self.lab.database, ACCOUNT, self.run_id))

    @property
    def entry_health(self) -> EntryHealthReader:
        """How the venue treats entries."""
        return PostgresEntryHealthReader(self.lab.database, ACCOUNT)

    @property
    def trail(self) -> LedgerTrail:
        """What the run wrote, for the graph."""
        return LedgerTrail(self.lab.database)

    @property
    def indicators(self) -> IndicatorReader:
        """Stored indicators."""
        return self.wire.around(PostgresIndicatorReader(self.lab.database))


def run_job(
    job: dg.JobDefinition, execution: ExecutionOfLab, config: Mapping[str, Mapping[str, object]] | None = None
) -> dg.ExecuteInProcessResult:
    """Let Dagster run a job's ops.

    :param config: of each op that takes one, by its name.
    """
    ops = {op: {"config": values} for op, values in (config or {}).items()}
    return job.execute_in_process(
        run_id=_recorded_as(execution.run_id),
        instance=history(),
        run_config={"ops": ops, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        resources={
            "execution": dg.ResourceDefinition.hardcoded_resource(execution),
            "io_manager": dg.mem_io_manager,
        },
    )


def _recorded_as(run_id: str) -> str:
    """The id under which Dagster records a run: its own, so that what it writes names the run on record.

    One that is taken up again under its claims has a second record, and a test's own name is no id to Dagster.
    """
    try:
        UUID(run_id)
    except ValueError:
        return str(uuid4())
    return str(uuid4()) if history().has_run(run_id) else run_id


def execute(lab: LabAccount, run_id: str = "run-1", wire: Tripwire | None = None) -> dg.ExecuteInProcessResult:
    """From new trade plans to protected positions."""
    return run_job(jobs.execute_plans, ExecutionOfLab(lab, run_id, wire or Tripwire()))


def manage(
    lab: LabAccount, wave: datetime, run_id: str = "run-2", wire: Tripwire | None = None
) -> dg.ExecuteInProcessResult:
    """Look after open positions when bars close."""
    return run_job(
        jobs.manage_open_positions,
        ExecutionOfLab(lab, run_id, wire or Tripwire()),
        {"manage": {"close_time": wave.isoformat()}},
    )


def follow(lab: LabAccount, run_id: str = "run-3", wire: Tripwire | None = None) -> dg.ExecuteInProcessResult:
    """Move stops and targets as fills ask for."""
    return run_job(jobs.follow_booked_fills, ExecutionOfLab(lab, run_id, wire or Tripwire()))


def reconcile(lab: LabAccount, run_id: str = "run-4", wire: Tripwire | None = None) -> dg.ExecuteInProcessResult:
    """Hold the venue's truth against the ledger."""
    return run_job(jobs.reconcile, ExecutionOfLab(lab, run_id, wire or Tripwire()))
