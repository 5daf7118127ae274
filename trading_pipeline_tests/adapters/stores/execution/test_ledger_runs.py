"""Which runs the ledger's rows lead to."""

from dataclasses import replace

import pytest
from sqlalchemy import Column, Engine, update

from trading_pipeline.adapters.stores.execution.ledger_runs import PostgresLedgerRuns
from trading_pipeline.adapters.stores.postgres.tables import fills, order_intents, positions, trade_plans
from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.halts import ALL, Halt
from trading_pipeline.domain.risk.differences import Difference, DifferenceKind
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, operator_command, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans


@pytest.mark.parametrize(
    "column",
    [trade_plans.c.claimed_by, order_intents.c.run_id, fills.c.run_id, positions.c.run_id],
    ids=["plans", "orders", "fills", "positions"],
)
def test_each_ledger_row_leads_to_its_run(database: Engine, column: Column[str]) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    with database.begin() as connection:
        connection.execute(update(column.table).values({column.name: "wrote"}))
    assert PostgresLedgerRuns(database).writers(["wrote", "wrote nothing"]) == {"wrote"}


def test_halts_differences_and_commands_lead_to_their_runs(database: Engine) -> None:
    lab = Lab(database)
    lab.halts.halt(Halt(ALL, "because", WAVE, run_id="halted"))
    difference = Difference(ACCOUNT, "BTCUSDT.BYBIT", DifferenceKind.QUANTITY, "one more")
    lab.context().differences.keep([difference], "differed", WAVE)
    lab.context().differences.keep([], "agreed", WAVE)
    command = replace(operator_command(CommandVerb.CLOSE), run_id="ordered")
    lab.commands.append(command, CommandOutcome.ASKED, "")
    found = PostgresLedgerRuns(database).writers(["halted", "differed", "agreed", "ordered", "wrote nothing"])
    assert found == {"halted", "differed", "agreed", "ordered"}


def test_an_equity_reading_keeps_no_run(database: Engine) -> None:
    lab = Lab(database)
    lab.equity.record(lab.venue.wallet())
    assert PostgresLedgerRuns(database).writers([""]) == set()
