"""The jobs of execution on a real ledger, with the venue in memory."""

from dataclasses import dataclass, replace

import dagster as dg

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.entry_health import PostgresEntryHealthReader
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.execution.ledger_trail import LedgerTrail
from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import LIMITS, Lab

RUN = "0190a4c5-0000-4000-8000-000000000001"
"""Dagster wants a run id to look like one."""
PARAMETERS = Parameters(config_dir="config")


@dataclass
class ExecutionOfLab:
    """In place of ``ExecutionResource``: one account in memory at its venue, real in its ledger."""

    context: ExecutionContext
    gate: PostgresEntryGate
    equity: PostgresEquityLog
    indicators: PostgresIndicatorReader
    parameters: Parameters
    trail: LedgerTrail
    risk_events: PostgresRiskEventLog
    entry_health: PostgresEntryHealthReader


def launch(
    lab: Lab,
    job: dg.JobDefinition,
    ops: dict[str, object] | None = None,
    run_id: str = RUN,
    instance: dg.DagsterInstance | None = None,
    limits: RiskLimits = LIMITS,
) -> dg.ExecuteInProcessResult:
    """A job of execution, in this process.

    :param instance: where its events are kept; nowhere if there is none.
    """
    indicators, trail = PostgresIndicatorReader(lab.database), LedgerTrail(lab.database)
    context = replace(lab.context(run_id), ledger=PostgresLedger(lab.database, ACCOUNT, run_id), limits=limits)
    events = PostgresRiskEventLog(lab.database, ACCOUNT, run_id)
    health = PostgresEntryHealthReader(lab.database, ACCOUNT)
    stand_in = ExecutionOfLab(context, lab.gate, lab.equity, indicators, PARAMETERS, trail, events, health)
    return job.execute_in_process(
        run_id=run_id,
        instance=instance,
        run_config={"ops": ops or {}},
        resources={"execution": dg.ResourceDefinition.hardcoded_resource(stand_in), "io_manager": dg.mem_io_manager},
    )
