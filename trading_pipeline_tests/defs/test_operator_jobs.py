"""What people launch, in this process: the same account as the command line's, and the run in the record."""

from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace

import dagster as dg
import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.adapters.stores.execution.ledger_trail import LedgerTrail
from trading_pipeline.defs.operations.jobs import cancel_order, close_position, halt, kill_switch, move_stop, resume
from trading_pipeline.domain.model.commands import CommandOutcome, CommandVerb
from trading_pipeline.domain.model.errors import ConfigurationError, DataError, TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.services.execution.controls import Controls
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

RUN = "0190a4c5-0000-4000-8000-000000000002"
LONG, SHORT = trade_plan(), trade_plan("SOLUSDT.BYBIT", Bias.SHORT)


@dataclass
class ExecutionOfLab:
    """In place of ``ExecutionResource``; ``context`` fails where the venue is away."""

    lab: Lab
    away: bool = False

    @property
    def stores(self) -> SimpleNamespace:
        """The database."""
        return SimpleNamespace(engine=self.lab.database)

    @property
    def parameters(self) -> Parameters:
        """Those of the checkout."""
        return Parameters(config_dir="config")

    @property
    def context(self) -> ExecutionContext:
        """The account."""
        if self.away:
            raise TemporaryVenueError("no answer")
        return self.lab.context(RUN)

    @property
    def positions(self) -> PostgresAccountOverview:
        """Real."""
        return PostgresAccountOverview(self.lab.database)

    @property
    def trail(self) -> LedgerTrail:
        """Real."""
        return LedgerTrail(self.lab.database)

    @property
    def controls(self) -> Controls:
        """Real but for the notifier."""
        return self.lab.controls


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with a long and a short."""
    lab = Lab(database)
    for plan in (LONG, SHORT):
        store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def launch(
    lab: Lab, job: dg.JobDefinition, op: str, config: dict[str, object], *, away: bool = False
) -> dg.ExecuteInProcessResult:
    """Run a job with the config of its first op, as the launchpad would."""
    context = dg.ResourceDefinition.hardcoded_resource(ExecutionOfLab(lab, away))
    return job.execute_in_process(
        run_id=RUN,
        run_config={"ops": {op: {"config": {"actor": "ann", **config}}}},
        resources={"execution": context, "io_manager": dg.mem_io_manager},
    )


def recorded(lab: Lab) -> list[tuple[CommandVerb, str, CommandOutcome]]:
    """The run's commands."""
    assert {one.command.run_id for one in lab.commands.of(RUN)} == {RUN}
    return [(one.command.verb, one.command.actor, one.outcome) for one in lab.commands.of(RUN)]


def scopes(lab: Lab) -> list[str]:
    return [one.scope for one in lab.halts.halts()]


@pytest.mark.parametrize(
    ("job", "op", "config", "scope"),
    [
        (halt, "stop_entries", {"scope": "ADAUSDT", "reason": "delisting"}, "ADAUSDT.BYBIT"),
        (kill_switch, "switch", {"on": True, "reason": "maintenance"}, "all"),
    ],
    ids=["halt", "kill switch"],
)
def test_a_stop_needs_no_venue(lab: Lab, job: dg.JobDefinition, op: str, config: dict[str, object], scope: str) -> None:
    launch(lab, job, op, config, away=True)
    assert scopes(lab) == [scope]
    assert recorded(lab) == [
        (CommandVerb.HALT, "ann", CommandOutcome.ASKED),
        (CommandVerb.HALT, "ann", CommandOutcome.DONE),
    ]


def test_a_symbol_nobody_trades_is_refused_and_nothing_is_halted(lab: Lab) -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean BTCUSDT.BYBIT"):
        launch(lab, halt, "stop_entries", {"scope": "BTCUSD", "reason": "delisting"})
    assert scopes(lab) == []


def test_what_reconciliation_halted_is_lifted_when_nothing_differs(lab: Lab) -> None:
    lab.halts.halt(Halt(HaltScope("SOLUSDT.BYBIT"), "reconciliation: quantity: 5 against 6", WAVE))
    launch(lab, resume, "allow_entries", {"scope": "SOLUSDT"})
    assert scopes(lab) == []


def test_a_difference_fails_the_run_unless_it_is_forced(lab: Lab) -> None:
    lab.halts.halt(Halt(HaltScope("SOLUSDT.BYBIT"), "reconciliation: quantity: 5 against 6", WAVE))
    lab.venue.trade("SOLUSDT.BYBIT", Side.SELL, Decimal(1), Decimal(1000), FillKind.TRADE)
    with pytest.raises(DataError, match="stays halted"):
        launch(lab, resume, "allow_entries", {"scope": "SOLUSDT"})
    assert scopes(lab) == ["SOLUSDT.BYBIT"]
    launch(lab, resume, "allow_entries", {"scope": "SOLUSDT", "force": True, "reason": "mine"}, away=True)
    assert scopes(lab) == []


def test_the_kill_switch_closes_everything_where_it_is_told_to(lab: Lab) -> None:
    launch(lab, kill_switch, "switch", {"on": True, "close": True, "reason": "get out"})
    assert lab.venue.positions() == []
    assert recorded(lab)[2:] == [
        (CommandVerb.FLATTEN, "ann", CommandOutcome.ASKED),
        (CommandVerb.FLATTEN, "ann", CommandOutcome.DONE),
    ]


def test_the_kill_switch_stops_plans_until_lifted(lab: Lab) -> None:
    plan, following = trade_plan("ADAUSDT.BYBIT"), trade_plan("ADAUSDT.BYBIT", Bias.SHORT)
    store_plan(lab.database, plan)
    launch(lab, kill_switch, "switch", {"on": True, "reason": "look first"})
    execute_plans(context=lab.context("run-2"), gate=lab.gate, equity=lab.equity)
    launch(lab, kill_switch, "switch", {"on": False})
    store_plan(lab.database, following, checks=False)
    execute_plans(context=lab.context("run-3"), gate=lab.gate, equity=lab.equity)
    assert lab.plan_status(plan)[0] is PlanStatus.DENIED
    assert lab.plan_status(following)[0] is PlanStatus.EXECUTED
    assert len(lab.venue.positions()) == 3


def test_a_close_is_launched_by_symbol_and_leaves_the_others(lab: Lab) -> None:
    result = launch(lab, close_position, "close_out", {"instrument": "BTCUSDT", "reason": "news"})
    assert result.success
    assert [held.instrument_id for held in lab.venue.positions()] == ["SOLUSDT.BYBIT"]
    assert lab.ledger.intent(f"{LONG.plan_id}_CX").intent.run_id == RUN


def test_a_stop_is_moved_by_symbol_and_told(lab: Lab) -> None:
    config: dict[str, object] = {"instrument": "BTCUSDT", "price": "995", "reason": "news"}
    assert told(launch(lab, move_stop, "set_stop", config)) == [("positions", [LONG.plan_id])]
    stops = {held.instrument_id: held.stop_loss for held in lab.venue.positions()}
    assert stops == {"BTCUSDT.BYBIT": Decimal(995), "SOLUSDT.BYBIT": Decimal(1010)}
    assert recorded(lab)[-1] == (CommandVerb.MOVE_STOP, "ann", CommandOutcome.DONE)


def test_a_target_is_taken_back_by_its_id_and_told(lab: Lab) -> None:
    target = f"{LONG.plan_id}_TP1"
    result = launch(lab, cancel_order, "take_back", {"order_link_id": target, "reason": "news"})
    assert told(result) == [("orders", [target]), ("positions", [LONG.plan_id])]
    assert target not in [one.order_link_id for one in lab.venue.open_orders()]
    assert recorded(lab)[-1] == (CommandVerb.CANCEL, "ann", CommandOutcome.DONE)


def test_who_launches_without_a_name_is_recorded_as_that(lab: Lab) -> None:
    launch(lab, halt, "stop_entries", {"actor": "", "reason": "maintenance"})
    assert {one.command.actor for one in lab.commands.of(RUN)} == {"unnamed, in the Dagster UI"}


def told(result: dg.ExecuteInProcessResult) -> list[tuple[str, object]]:
    """Assets that the run tells of, with the scopes or ids of what it wrote."""
    return [
        (one.asset_key.to_user_string(), (one.metadata.get("scopes") or one.metadata["ids"]).value)
        for one in (event.materialization for event in result.get_asset_materialization_events())
    ]


def test_a_halt_is_told_when_set_and_lifted(lab: Lab) -> None:
    config: dict[str, object] = {"scope": "ADAUSDT", "reason": "delisting"}
    assert told(launch(lab, halt, "stop_entries", config)) == [("halts", ["ADAUSDT.BYBIT"])]
    assert told(launch(lab, halt, "stop_entries", config)) == []
    assert told(launch(lab, resume, "allow_entries", {"scope": "ADAUSDT"})) == [("halts", ["ADAUSDT.BYBIT"])]


def test_a_close_tells_of_its_order_its_fill_and_its_position(lab: Lab) -> None:
    result = launch(lab, close_position, "close_out", {"instrument": "BTCUSDT", "reason": "news"})
    exit_fill = lab.venue.fills(WAVE)[-1].execution_id
    assert told(result) == [
        ("orders", [f"{LONG.plan_id}_CX"]),
        ("fills", [exit_fill]),
        ("positions", [LONG.plan_id]),
    ]
