"""What a trade did step by step, and what each part of it earned, as the API shows it."""

from datetime import timedelta
from decimal import Decimal

from trading_pipeline.adapters.stores.market_data.ticker_store import PostgresTickerStore
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline_tests.adapters.stores.market_data.test_conditions import TICKER
from trading_pipeline_tests.testkit.api_lab import ApiLab
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()


def test_a_position_is_shown_lot_by_lot_beside_its_steps(api: ApiLab) -> None:
    # 5 at 1001 for a plan at 1000, 2 of them left at the first target of 1012; a fee of 0.055 % each time
    lab = Lab(api.context.engine)
    store_plan(lab.database, PLAN)
    lab.venue.prices[PLAN.instrument_id] = Decimal(1001)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.clock.advance(timedelta(minutes=1))
    lab.venue.move(PLAN.instrument_id, Decimal(1012))
    follow_fills(context=lab.context())
    path = f"/api/v1/execution/positions/{PLAN.plan_id}/lots"
    (left, held) = api.get(path).json()["lots"]
    assert (left["quantity"], left["exit_price"], Decimal(left["realised_pnl"])) == ("2.000", "1012.0", Decimal(22))
    assert (Decimal(left["fees"]), Decimal(left["net_pnl"])) == (Decimal("2.2143"), Decimal("19.7857"))
    assert (held["exit_id"], held["unrealised_pnl"]) == (None, None)
    mark = TICKER.mark_price
    PostgresTickerStore(lab.database).append([TICKER])
    whole = api.get(path).json()
    assert Decimal(whole["unrealised_pnl"]) == 3 * (mark - 1001) == Decimal(whole["lots"][1]["unrealised_pnl"])
    assert Decimal(whole["net_pnl"]) == sum(Decimal(lot["net_pnl"]) for lot in whole["lots"])

    traced = api.get("/api/v1/execution/traces", plan_id=PLAN.plan_id, subject="fill", newest_first=False).json()[
        "items"
    ]
    assert [(one["step"], one["detail"]["slippage_bps"]) for one in traced] == [
        ("trade", "10.0000"),
        ("trade", "0.0000"),
    ]
    steps = api.get("/v1/execution-traces", idempotency_key=PLAN.plan_id).json()["items"]
    assert [one["step"] for one in steps[:3]] == ["new", "claimed", "opening"]
    (filled, _) = api.get("/api/v1/execution/fills", position_id=PLAN.plan_id, newest_first=False).json()["items"]
    assert (filled["reference_price"], filled["slippage_bps"]) == ("1000", "10.0000")


def test_a_position_that_is_not_there_is_said_to_be_none(api: ApiLab) -> None:
    refused = api.get("/api/v1/execution/positions/none/lots")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_name")
