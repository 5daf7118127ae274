"""The ops of one run on a real ledger: what they do in order, and what they tell about it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import dagster as dg
import pytest
from sqlalchemy import Engine, func, select

from trading_pipeline.adapters.stores.postgres.tables import equity_snapshots
from trading_pipeline.defs.execution.jobs import execute_plans as execute
from trading_pipeline.defs.execution.jobs import follow_booked_fills, manage_and_execute, reconcile
from trading_pipeline.domain.model.errors import OrderRejectedByVenue
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.halts import HaltKind
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import ExitReason
from trading_pipeline.domain.model.scoring import Scoring
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.risk.limit_sections import PauseLimits
from trading_pipeline_tests.defs.execution_stage import RUN, launch
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import (
    LIMITS,
    WAVE,
    Lab,
    exit_signal,
    store_plan,
    store_signal,
    trade_plan,
)
from trading_pipeline_tests.testkit.execution_run import execute_plans

FOLLOWING, LATER = "0190a4c5-0000-4000-8000-000000000003", "0190a4c5-0000-4000-8000-000000000004"
NEXT = WAVE + timedelta(minutes=15)
LONG = trade_plan()
SHORT = replace(
    trade_plan(bias=Bias.SHORT, close_time=NEXT),
    score=Decimal(54),
    scoring=Scoring(Decimal("53.6"), Decimal("33.6"), Decimal(20), ("RSI_DIV",)),
)


def run(lab: Lab) -> dg.ExecuteInProcessResult:
    """The job of a wave that has both positions and plans."""
    return launch(lab, manage_and_execute, {"manage": {"config": {"close_time": NEXT.isoformat()}}})


def told(result: dg.ExecuteInProcessResult, op: str) -> dict[str, object]:
    """What an op said of its output."""
    (output,) = [one for one in result.events_for_node(op) if one.is_successful_output]
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def test_one_run_exits_and_enters_the_other_side(reversed_long: Lab) -> None:
    lab = reversed_long
    result = run(lab)
    left = lab.ledger.position_of(LONG.plan_id)
    assert left is not None
    assert left.exit_reason is ExitReason.SIGNAL_EXIT
    assert [held.side for held in lab.venue.positions()] == [Side.SELL]
    assert lab.plan_status(SHORT)[0] is PlanStatus.EXECUTED
    assert told(result, "manage")["positions"] == {"BTCUSDT.BYBIT": "the strategy leaves: closed"}


def test_a_claim_tells_how_its_plans_scored(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, SHORT)
    lab.clock.set(NEXT)
    planned_by = told(run(lab), "claim")["planned_by"]
    assert "score 54 (quality 53.6: divergence 33.6, confluence 20.0 by RSI_DIV)" in str(planned_by)


def events(result: dg.ExecuteInProcessResult, op: str) -> dict[tuple[str, str | None], dict[str, object]]:
    """Asset and partition to what the op's event tells, each told of once."""
    told = [event.materialization for event in result.get_asset_materialization_events() if event.node_name == op]
    found = {
        (one.asset_key.to_user_string(), one.partition): {name: value.value for name, value in one.metadata.items()}
        for one in told
    }
    assert len(found) == len(told)
    return found


def written(result: dg.ExecuteInProcessResult, op: str) -> dict[str, object]:
    """Asset to the ids that the op says it wrote there."""
    return {asset: told["ids"] for (asset, _), told in events(result, op).items() if "ids" in told}


def of(plan: TradePlan, *purposes: str) -> list[str]:
    """Link ids of a plan's orders."""
    return [f"{plan.plan_id}_{purpose}" for purpose in purposes]


@pytest.fixture
def opened_long(database: Engine) -> Lab:
    """An open long with its stop and its targets."""
    lab = Lab(database)
    store_plan(database, LONG)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


@pytest.fixture
def reversed_long(opened_long: Lab, database: Engine) -> Lab:
    """An open long that its strategy leaves at the close at which it enters the other side."""
    lab = opened_long
    store_signal(database, exit_signal(LONG, NEXT))
    store_plan(database, SHORT)
    lab.clock.set(NEXT)
    return lab


def test_each_step_tells_once_what_it_wrote(reversed_long: Lab) -> None:
    result = run(reversed_long)
    exit_fill, entry_fill = (fill.execution_id for fill in reversed_long.venue.fills(WAVE)[1:])
    assert written(result, "manage") == {
        "orders": of(LONG, "TP1", "TP2", "XS"),
        "fills": [exit_fill],
        "positions": [LONG.plan_id],
    }
    assert written(result, "record") == {
        "orders": of(SHORT, "E", "TP1", "TP2"),
        "fills": [entry_fill],
        "positions": [SHORT.plan_id],
    }


def test_an_event_lies_with_its_plans_bar(reversed_long: Lab) -> None:
    told = events(run(reversed_long), "record")
    counts = {key: one["dagster/row_count"] for key, one in told.items() if "ids" in one}
    assert counts == {
        ("orders", "2025-11-03|BTCUSDT.BYBIT"): 7,
        ("fills", "2025-11-03|BTCUSDT.BYBIT"): 3,
        ("positions", "2025-11-03|BTCUSDT.BYBIT"): 2,
    }
    assert all(one["plan_ids"] == [SHORT.plan_id] for one in told.values() if "plan_ids" in one)
    assert told["equity", "2025-11-03"] == {"rows_written": 1, "equity": {"USDT": pytest.approx(10_000)}}


def test_midnights_plan_lies_on_its_bars_day(database: Engine) -> None:
    lab = Lab(database)
    midnight = trade_plan(close_time=WAVE + timedelta(hours=12))
    store_plan(database, midnight)
    lab.clock.set(midnight.close_time)
    told = events(launch(lab, execute), "record")
    assert {partition for asset, partition in told if asset != "equity"} == {"2025-11-03|BTCUSDT.BYBIT"}
    assert ("equity", "2025-11-04") in told


def test_a_booked_fill_is_told_by_its_run(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, LONG)
    launch(lab, execute)
    lab.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    fills = lab.venue.fills(WAVE)
    for fill in fills:
        lab.ledger.apply_fill(fill)
    result = launch(lab, follow_booked_fills, run_id=FOLLOWING)
    (target,) = (fill.execution_id for fill in fills if fill.order_link_id.endswith("_TP1"))
    assert target in str(written(result, "follow")["fills"])
    assert written(result, "follow")["positions"] == [LONG.plan_id]
    assert events(launch(lab, follow_booked_fills, run_id=LATER), "follow") == {}


def test_a_reconciliation_that_finds_nothing_tells_of_the_money_alone(opened_long: Lab) -> None:
    assert [asset for asset, _ in events(launch(opened_long, reconcile), "reconcile_with_venue")] == ["equity"]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """What remembers events from one run to the next."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_the_same_equity_is_told_once_a_day(database: Engine, instance: dg.DagsterInstance) -> None:
    lab, told = Lab(database), []
    for run_id, minutes in ((RUN, 0), (FOLLOWING, 1), (LATER, 24 * 60)):
        lab.clock.set(WAVE + timedelta(minutes=minutes))
        told.append(list(events(launch(lab, reconcile, run_id=run_id, instance=instance), "reconcile_with_venue")))
    assert told == [[("equity", "2025-11-03")], [], [("equity", "2025-11-04")]]
    with database.connect() as connection:
        assert connection.execute(select(func.count()).select_from(equity_snapshots)).scalar() == 3


def test_money_that_changed_is_told_of_by_the_next_reconciliation(
    database: Engine, instance: dg.DagsterInstance
) -> None:
    lab = Lab(database)
    launch(lab, reconcile, instance=instance)
    lab.venue.equity += 50
    told = events(launch(lab, reconcile, run_id=LATER, instance=instance), "reconcile_with_venue")
    assert told["equity", "2025-11-03"]["equity"] == {"USDT": 10_050}


def test_a_reconciliation_tells_of_the_fills_it_answered(opened_long: Lab) -> None:
    opened_long.venue.move("BTCUSDT.BYBIT", Decimal(1010))
    said = told(launch(opened_long, reconcile, run_id=FOLLOWING), "reconcile_with_venue")
    assert said["followed"] == {LONG.plan_id: "stop moved from 990.0 to 1000.0"}


def test_a_stop_that_reconciliation_repaired_is_told_of_with_its_position(opened_long: Lab) -> None:
    opened_long.venue.strip_stop("BTCUSDT.BYBIT")
    result = launch(opened_long, reconcile, run_id=FOLLOWING)
    assert told(result, "reconcile_with_venue")["protected"] == {"BTCUSDT.BYBIT": "repaired_stop"}
    assert written(result, "reconcile_with_venue")["positions"] == [LONG.plan_id]


def test_a_difference_and_the_halt_that_follows_are_told_of(database: Engine) -> None:
    lab = Lab(database)
    lab.venue.trade("BTCUSDT.BYBIT", Side.SELL, Decimal(1), Decimal(1000), FillKind.TRADE)
    told = events(launch(lab, reconcile), "reconcile_with_venue")
    assert str(told["reconciliation", "2025-11-03"]["differences"]).startswith("['BTCUSDT.BYBIT: unknown_position")
    assert told["halts", "2025-11-03"]["rows_written"] == 1


def test_refused_entries_pause_the_account_in_their_run(database: Engine) -> None:
    lab = Lab(database)
    pausing = replace(LIMITS, pause=PauseLimits(error_rate=Decimal("0.5")))
    store_plan(database, LONG)
    lab.venue.faults["submit"] = [OrderRejectedByVenue("insufficient margin")]
    launch(lab, execute, limits=pausing)
    assert [(halt.kind, halt.scope) for halt in lab.halts.halts()] == [(HaltKind.PAUSE, ACCOUNT)]
    later = trade_plan("SOLUSDT.BYBIT", close_time=NEXT)
    store_plan(database, later)
    lab.clock.set(NEXT)
    launch(lab, execute, run_id=LATER, limits=pausing)
    assert lab.plan_status(later)[1].startswith("pause: ")
