"""Every path of the earlier programs that has something behind it answers as their documents say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from httpx import Response
from sqlalchemy import text

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.research.backtest_store import PostgresBacktestStore
from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.backtest_runs import EquityCurve
from trading_pipeline.domain.model.halts import HaltKind
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline_tests.testkit.api_lab import ApiLab
from trading_pipeline_tests.testkit.builders import ACCOUNT, a_bar, usdt_wallet, walk
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.research import a_run

BAR = {"symbol": "BTCUSDT", "timeframe": "15m"}
SYMBOL = {"symbol": "BTCUSDT"}
Shape = Callable[[Any], bool]


def listing(content: Any) -> bool:
    return set(content) == {"items"} and isinstance(content["items"], list)


def array(content: Any) -> bool:
    return isinstance(content, list)


def having(*names: str) -> Shape:
    return lambda content: set(names) <= set(content)


READS: list[tuple[str, dict[str, object], Role, Shape]] = [
    # the divergence bot
    ("/v1/signals", {}, Role.VIEWER, listing),
    ("/v1/trade-plans", {"limit": 5000}, Role.VIEWER, listing),
    ("/v1/orders", {"limit": 0}, Role.VIEWER, listing),
    ("/v1/positions", {}, Role.VIEWER, listing),
    ("/v1/indicator-snapshots", BAR, Role.VIEWER, listing),
    ("/v1/setups", BAR, Role.VIEWER, listing),
    ("/v1/triggers", BAR, Role.VIEWER, listing),
    ("/v1/pivots", BAR, Role.VIEWER, listing),
    ("/v1/execution-traces", {"idempotency_key": "none"}, Role.VIEWER, listing),
    ("/v1/account-snapshots", {"trade_date": "2025-11-03"}, Role.VIEWER, listing),
    ("/v1/risk-state", {"trade_date": "2025-11-03"}, Role.VIEWER, having("trade_date")),
    ("/v1/risk-events", {"trade_date": "2025-11-03"}, Role.VIEWER, listing),
    ("/v1/notifications", {}, Role.VIEWER, listing),
    ("/v1/backtest-runs", BAR, Role.VIEWER, listing),
    ("/v1/backtest-trades", {"run_id": "none"}, Role.VIEWER, listing),
    ("/v1/config", {}, Role.VIEWER, having("config")),
    ("/v1/dlq", {}, Role.ADMIN, listing),
    # the algo grid
    ("/api/v1/signals", {**SYMBOL, "direction": "LONG"}, Role.VIEWER, array),
    ("/api/v1/positions", SYMBOL, Role.VIEWER, array),
    ("/api/v1/config", {}, Role.VIEWER, having("config")),
    ("/api/v1/admin/kill_switch", {}, Role.ADMIN, having("active", "reason", "updated_at")),
    ("/api/v1/admin/reconciliation/status", {}, Role.ADMIN, listing),
    ("/docs", {}, Role.VIEWER, lambda _: True),
    # the spot bot
    ("/health", {}, Role.VIEWER, having("status", "components")),
    ("/ready", {}, Role.VIEWER, having("status", "checks")),
    ("/orchestrator/status", {"symbol": "BTC/USDT"}, Role.VIEWER, having("state")),
    ("/pnl/today", SYMBOL, Role.VIEWER, having("symbol", "pnl_quote", "turnover_quote", "orders_count")),
    # the strategy tester
    ("/healthz", {}, Role.VIEWER, having("status")),
    ("/readyz", {}, Role.VIEWER, having("status")),
    ("/livez", {}, Role.VIEWER, having("status")),
    ("/api/v1/marketdata/bybit/klines/working", {**SYMBOL, "interval": "15"}, Role.VIEWER, array),
    (
        "/api/v1/marketdata/bybit/mtf",
        {**SYMBOL, "intervals": "15,60"},
        Role.VIEWER,
        having("symbol", "intervals", "data"),
    ),
]


@pytest.mark.parametrize(("path", "params", "role", "shape"), READS, ids=[one[0] for one in READS])
def test_a_path_answers_whoever_may_read_it_and_nobody_else(
    api: ApiLab, path: str, params: dict[str, object], role: Role, shape: Shape
) -> None:
    answer = api.get(path, role, **params)
    assert answer.status_code == 200, answer.text
    assert shape(answer.json() if "json" in answer.headers["content-type"] else {})
    if path.startswith(("/v1", "/api", "/orchestrator", "/pnl")):
        assert api.client.get(path, params=params).status_code == 401
    if role is Role.ADMIN:
        assert api.get(path, Role.VIEWER, **params).status_code == 403


def test_what_a_read_needs_is_named_when_it_is_missing(api: ApiLab) -> None:
    for path, missing in (("/v1/setups", "symbol"), ("/v1/account-snapshots", "trade_date"), ("/pnl/today", "symbol")):
        answer = api.get(path)
        assert (answer.status_code, f"query.{missing}" in answer.json()["detail"]) == (422, True)


def test_the_kill_switch_of_each_program_is_the_one_kill_switch(api: ApiLab) -> None:
    key = api.client.post(
        "/api/v1/admin/api-keys",
        json={"user": "a-admin", "label": "ops", "scopes": ["read", "trade", "administer"]},
        headers=api.as_(Role.ADMIN),
    ).json()["secret"]
    token = {"X-Admin-Token": key}
    assert api.client.post("/v1/admin/kill-switch", json={"enabled": True}, headers=token).json() == {
        "kill_switch_enabled": True
    }
    state = api.get("/api/v1/admin/kill_switch", Role.ADMIN).json()
    assert (state["active"], state["updated_at"][-1]) == (True, "Z")
    assert api.get("/orchestrator/status", **SYMBOL).json()["state"] == "paused"
    assert (
        api.client.post("/v1/admin/kill-switch", json={"enabled": True}, headers={"X-Admin-Token": "x"}).status_code
        == 401
    )
    assert (
        api.client.post("/v1/admin/kill-switch", json={"enabled": False}, headers=api.as_(Role.TRADER)).status_code
        == 403
    )
    with api.context.engine.begin() as connection:
        connection.execute(text("DELETE FROM trading.halts"))


def test_a_day_of_risk_is_told_from_its_readings_and_the_breaker_that_opened(api: ApiLab) -> None:
    day = {"trade_date": "2025-11-05"}
    assert api.get("/v1/risk-state", **day).json() == {**day, "exists": False}
    equity = PostgresEquityLog(api.context.engine, ACCOUNT)
    noon = WAVE + timedelta(days=2)
    for number, amount in enumerate(("1000", "1100", "950", "990")):
        equity.record(usdt_wallet(Decimal(amount), noon + timedelta(minutes=number)))
    opened = Finding(HaltKind.CIRCUIT_SOFT, Action.DENY, "equity fell", Decimal("0.05"), Decimal("0.02"))
    PostgresRiskEventLog(api.context.engine, ACCOUNT).append([opened], noon)
    told = api.get("/v1/risk-state", **day).json()
    assert [Decimal(told[f"{name}_equity"]) for name in ("starting", "current", "min", "max")] == [1000, 990, 950, 1100]
    assert (Decimal(told["drawdown_pct"]), told["soft_halt"], told["hard_halt"], told["mode"]) == (
        5,
        True,
        False,
        "simulated",
    )
    (event,) = api.get("/v1/risk-events", **day).json()["items"]
    assert (event["rule"], event["sentence"]) == ("circuit_soft", "equity fell")
    assert api.get("/v1/risk-events", trade_date="2025-11-06").json()["items"] == []
    assert api.get("/v1/risk-state", trade_date="9999-12-31").status_code == 422


def test_the_orchestrator_stops_one_instrument(api: ApiLab) -> None:
    stopped = api.client.post("/orchestrator/stop", params=SYMBOL, headers=api.as_(Role.TRADER)).json()
    assert (stopped["ok"], stopped["status"]["state"]) == (True, "paused")
    unknown = api.client.post("/orchestrator/stop", params={"symbol": "NONE/USD"}, headers=api.as_(Role.TRADER))
    assert unknown.status_code == 404
    with api.context.engine.begin() as connection:
        connection.execute(text("DELETE FROM trading.halts"))


def test_candles_ascend_in_seconds_and_longer_ones_are_made_of_shorter(api: ApiLab) -> None:
    closes = {1: "1001", 2: "1005", 3: "999", 4: "1002", 5: "1003"}
    quarter = timedelta(minutes=15)
    api.market.recorded = [
        a_bar("SOLUSDT.BYBIT", WAVE + number * quarter, Timeframe.M15, *(closes[number + 1],) * 4)
        for number in range(4)
    ]
    api.market.time = WAVE + 4 * quarter
    api.clock.set(api.market.time)
    api.market.requests.clear()
    api.get("/api/v1/marketdata/bybit/klines/working", symbol="SOLUSDT", interval="15")
    # what the feed has stored since is shown without another question to the venue
    api.clock.set(WAVE + 5 * quarter)
    store_bar(api.context.engine, "SOLUSDT.BYBIT", WAVE + 5 * quarter, Decimal(closes[5]), 1.0)
    candles = api.get("/api/v1/marketdata/bybit/klines/working", symbol="SOLUSDT", interval="15").json()
    assert [one["close"] for one in candles] == [float(close) for close in closes.values()]
    assert set(candles[0]) == {"time", "open", "high", "low", "close", "volume"}
    assert (candles[0]["time"], len(api.market.requests)) == (WAVE.timestamp(), 1)
    charts = api.get("/api/v1/marketdata/bybit/mtf", symbol="SOLUSDT", intervals="15,60").json()
    hour, rest = charts["data"]["60"]
    assert (hour["time"], hour["high"], hour["low"], hour["close"]) == (WAVE.timestamp(), 1005.0, 999.0, 1002.0)
    assert (rest["close"], len(charts["data"]["15"])) == (1003.0, 5)
    wrong = api.get("/api/v1/marketdata/bybit/mtf", symbol="SOLUSDT", intervals="15,20")
    assert (
        wrong.status_code,
        api.get("/api/v1/marketdata/bybit/mtf", symbol="SOLUSDT", intervals=",").status_code,
    ) == (422, 422)


def test_history_is_loaded_by_an_administrator_with_basic_credentials_and_put_on_record(api: ApiLab) -> None:
    first = WAVE - timedelta(days=2)
    api.market.recorded = walk("ADAUSDT.BYBIT", first, 96, Timeframe.M15)
    api.market.time = WAVE
    api.as_(Role.ADMIN)
    key = {"user": "a-admin", "label": "loader", "scopes": ["read", "administer"]}
    secret = api.post("/api/v1/admin/api-keys", Role.ADMIN, key).json()["secret"]
    body = {"symbol": "ADAUSDT", "interval": "15", "lookback_minutes": 2 * 24 * 60, "page_limit": 50}

    def ask(**more: object) -> Response:
        return api.client.post("/api/v1/admin/backfill", json={**body, **more}, auth=("admin", secret))

    loaded = ask().json()
    assert (loaded["mode"], loaded["interval"], loaded["upserts"], loaded["pages"]) == ("sync", "15", 96, 4)
    assert len(api.get("/api/v1/market/bars", instrument_id="ADAUSDT", timeframe="15m").json()["items"]) == 96
    launched = ask(mode="async", start_at_iso=first.isoformat(), end_at_iso=WAVE.isoformat())
    assert (launched.status_code, launched.json()["task_id"]) == (202, f"backfill-{len(api.jobs.launched)}")
    assert api.jobs.launched[-1][1]["bars_15m"]["partitions"] == [f"2025-11-0{day}|ADAUSDT.BYBIT" for day in (1, 2, 3)]
    recorded = api.get("/api/v1/admin/audit", Role.ADMIN, action="backfill").json()["items"]
    assert [(one["actor"], one["outcome"], one["after"]["mode"]) for one in recorded] == [
        ("a-admin", "done", "async"),
        ("a-admin", "done", "sync"),
        ("a-admin", "asked", "sync"),
    ]
    narrow = api.context.settings.model_copy(update={"backfill_allowed_symbols": "BTCUSDT"})
    object.__setattr__(api.context.backfills, "settings", narrow)
    assert "may not be backfilled here" in ask().json()["detail"]
    object.__setattr__(api.context.backfills, "settings", api.context.settings)
    assert "the nearest is" in ask(interval="7").json()["detail"]
    assert ask(end_at_iso="0001-01-01T00:00:00Z").status_code == 422
    assert api.post("/api/v1/admin/backfill", Role.TRADER, body).status_code == 403
    assert api.client.post("/api/v1/admin/backfill", json=body, auth=("admin", "admin")).status_code == 401


def test_a_backtest_stands_beside_what_the_pipeline_did_in_its_span(api: ApiLab) -> None:
    plan = trade_plan("BTCUSDT.BYBIT", close_time=WAVE + timedelta(days=30))
    store_plan(api.context.engine, plan)
    run, span = a_run("beside", trades=()), (WAVE + timedelta(days=29), WAVE + timedelta(days=31))
    rules = {"strategy": plan.strategy, "instrument_ids": [plan.instrument_id], "timeframe": plan.timeframe.value}
    curve = EquityCurve(np.array([to_ms(at) for at in span]), np.array([1.0, 1.0]))
    PostgresBacktestStore(api.context.engine).save(replace(run, params={**run.params, **rules}, curve=curve))
    told = api.get("/v1/backtest-compare", run_id="beside").json()
    assert (told["counts"]["trade_plans"], told["counts"]["orders"], told["trades"]) == (1, 0, [])
    assert told["hints"] == ["there are plans and no trades", "there are plans and no orders"]
    assert api.get("/v1/backtest-compare", run_id="nothing").status_code == 404


def test_a_trade_is_traced_from_its_plan_and_counted_today(api: ApiLab) -> None:
    lab = Lab(api.context.engine)
    plan = trade_plan("ADAUSDT.BYBIT")
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    traced = api.get("/v1/execution-traces", idempotency_key=plan.plan_id).json()["items"]
    assert [one["step"] for one in traced if one["subject"] == "order"][:3] == ["intended", "sent", "acknowledged"]
    assert traced[0]["symbol"] == "ADAUSDT"
    (position,) = api.get("/api/v1/positions", symbol="ADAUSDT").json()
    path = f"/api/v1/positions/{position['position_id']}"
    assert api.get(path).json()["plan_id"] == plan.plan_id
    assert api.client.post(f"{path}/close", headers=api.as_(Role.TRADER)).status_code == 202
    assert api.get("/api/v1/signals/none").status_code == 404


def test_no_secret_is_in_the_configuration(api: ApiLab) -> None:
    shown = api.get("/v1/config").json()["config"]
    assert shown["TRADING_MODE"] == "simulated"
    assert not [name for name in shown if any(word in name for word in ("SECRET", "KEY_", "URL", "TOKEN", "PASSWORD"))]
