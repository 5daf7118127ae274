"""People stop and close through the API, by the services and the record of the command line."""

from contextlib import closing

import pytest
from sqlalchemy import text

from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
from trading_pipeline.adapters.stores.research.backtest_store import PostgresBacktestStore
from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.domain.model.access import Role
from trading_pipeline_tests.adapters.venues.bybit.test_frames import KLINE, a_frame
from trading_pipeline_tests.testkit.api_lab import ApiLab
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.research import a_run

PREFIX = "/api/v1/execution"


@pytest.fixture(autouse=True)
def nothing_is_halted(api: ApiLab) -> None:
    """Each test begins without halts and launched jobs."""
    with api.context.engine.begin() as connection:
        connection.execute(text("DELETE FROM trading.halts"))
    api.jobs.launched.clear()
    api.jobs.away = False


def halts(api: ApiLab) -> list[tuple[str, str]]:
    return [(one.scope, one.reason) for one in PostgresHaltRegister(api.context.engine).halts()]


def test_a_halt_stands_is_shown_and_recorded_under_its_request(api: ApiLab) -> None:
    halt = {"scope": "BTCUSDT", "reason": "earnings"}
    answer = api.post(f"{PREFIX}/halts", Role.TRADER, halt)
    assert answer.json() == {"scope": "BTCUSDT.BYBIT", "changed": True}
    assert api.post(f"{PREFIX}/halts", Role.TRADER, halt).json()["changed"] is False
    assert halts(api) == [("BTCUSDT.BYBIT", "earnings")]
    (shown,) = api.get(f"{PREFIX}/halts").json()["items"]
    assert (shown["scope"], shown["reason"], shown["since"][-1]) == ("BTCUSDT.BYBIT", "earnings", "Z")
    recorded = PostgresCommandLog(api.context.engine).of(answer.headers["X-Request-ID"])
    assert [(one.command.actor, one.outcome, one.detail) for one in recorded] == [
        ("a-trader", "asked", ""),
        ("a-trader", "done", "halted"),
    ]


def test_what_the_operator_was_told_is_shown_to_whoever_comes_later(api: ApiLab) -> None:
    api.post(f"{PREFIX}/halts", Role.TRADER, {"scope": "ADAUSDT", "reason": "delisting"})
    (told,) = api.get("/v1/notifications", limit=1).json()["items"]
    assert (told["severity"], told["told_at"][-1]) == ("critical", "Z")
    assert ("ADAUSDT" in told["subject"], "delisting" in told["body"]) == (True, True)
    assert told["told_at_ms"] > 0
    shown = api.get("/api/v1/operations/notifications", severity="critical", limit=1).json()["items"]
    assert [one["notification_id"] for one in shown] == [told["notification_id"]]


def test_a_scope_that_nobody_can_mean_is_refused_with_the_nearest(api: ApiLab) -> None:
    answer = api.post(f"{PREFIX}/halts", Role.TRADER, {"scope": "BTCUSD", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "refused")
    assert "did you mean BTCUSDT.BYBIT" in answer.json()["detail"]
    assert api.post(f"{PREFIX}/halts", Role.TRADER, {"scope": "all", "reason": " "}).status_code == 422
    assert halts(api) == []


def test_the_kill_switch_is_engaged_by_a_trader_and_cleared_by_an_administrator_alone(api: ApiLab) -> None:
    engaged = api.client.put(f"{PREFIX}/kill-switch", json={"reason": "all out"}, headers=api.as_(Role.TRADER))
    assert engaged.json() == {"scope": "all", "changed": True, "run": None}
    assert api.client.delete(f"{PREFIX}/kill-switch", headers=api.as_(Role.TRADER)).status_code == 403
    assert api.post(f"{PREFIX}/resume", Role.TRADER, {"scope": "all"}).status_code == 403
    forced = {"scope": "BTCUSDT", "force": True, "reason": "sure"}
    assert api.post(f"{PREFIX}/resume", Role.TRADER, forced).status_code == 403
    assert halts(api) == [("all", "all out")]
    cleared = api.client.delete(
        f"{PREFIX}/kill-switch", params={"force": True, "reason": "mended"}, headers=api.as_(Role.ADMIN)
    )
    assert cleared.json() == {"scope": "all", "changed": True}
    assert halts(api) == []


def test_a_kill_switch_stands_while_dagster_is_away(api: ApiLab) -> None:
    api.jobs.away = True
    body = {"reason": "all out", "close": True}
    answer = api.client.put(f"{PREFIX}/kill-switch", json=body, headers=api.as_(Role.TRADER))
    assert (answer.status_code, answer.json()["code"]) == (503, "dagster_away")
    assert halts(api) == [("all", "all out")]


def test_what_sends_orders_is_a_run_with_a_page(api: ApiLab) -> None:
    body = {"reason": "all out", "close": True}
    answer = api.client.put(f"{PREFIX}/kill-switch", json=body, headers=api.as_(Role.TRADER))
    assert answer.json()["run"] == {
        "job": "kill_switch",
        "run_id": "run-1",
        "run_page": "http://dagster.test/runs/run-1",
    }
    reconciled = api.post(f"{PREFIX}/reconciliation", Role.TRADER)
    assert (reconciled.status_code, reconciled.json()["run_id"]) == (202, "run-2")
    config = {"on": True, "close": True, "reason": "all out", "actor": "a-trader"}
    assert api.jobs.launched == [("kill_switch", {"switch": config}), ("reconcile", {})]


def test_runs_are_listed_page_by_page_and_shown_by_their_id(api: ApiLab) -> None:
    for _ in range(3):
        api.post(f"{PREFIX}/reconciliation", Role.TRADER)
    first = api.get("/api/v1/admin/runs", job="reconcile", state="queued", limit=2).json()
    assert [one["run_id"] for one in first["items"]] == ["run-3", "run-2"]
    rest = api.get("/api/v1/admin/runs", limit=2, cursor=first["next_cursor"]).json()
    assert ([one["run_id"] for one in rest["items"]], rest["next_cursor"]) == (["run-1"], None)
    assert api.get("/api/v1/admin/runs", state="success").json()["items"] == []
    shown = api.get("/api/v1/admin/runs/run-2").json()
    assert (shown["job"], shown["state"], shown["run_page"]) == (
        "reconcile",
        "queued",
        "http://dagster.test/runs/run-2",
    )
    assert api.get("/api/v1/admin/runs/none").status_code == 404
    assert api.get("/api/v1/admin/runs", state="dancing").status_code == 422
    api.jobs.away = True
    assert api.get("/api/v1/admin/runs").status_code == 503


def test_a_position_is_closed_by_its_id_and_leads_to_its_plan_and_run(api: ApiLab) -> None:
    lab = Lab(api.context.engine)
    store_plan(lab.database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    (position,) = api.get(f"{PREFIX}/positions", status="open").json()["items"]
    assert (position["quantity"], position["strategy"]) == ("5.000", "ema_atr")
    plan = api.get(f"/api/v1/pipeline/plans/{position['plan_id']}").json()
    assert plan["run_page"] == "http://dagster.test/runs/planning-run"
    path = f"{PREFIX}/positions/{position['position_id']}"
    answer = api.post(f"{path}/close", Role.TRADER, {"reason": "enough"})
    assert (answer.status_code, answer.json()["job"]) == (202, "close_position")
    config = {"instrument": "BTCUSDT.BYBIT", "reason": "enough", "actor": "a-trader"}
    assert api.jobs.launched == [("close_position", {"close_out": config})]
    assert api.post(f"{PREFIX}/positions/none/close", Role.TRADER, {"reason": "x"}).status_code == 404
    state = api.get(f"{PREFIX}/risk-state", day="2025-11-03").json()
    assert [(one["currency"], one["starting"], one["soft_halt"]) for one in state["items"]] == [
        ("USDT", "10000", False)
    ]
    assert (state["halted"], api.get(f"{PREFIX}/risk-state", day="2020-01-01").json()["items"]) == ([], [])
    api.jobs.launched.clear()
    wanted = {"price": "995.5", "reason": "news"}
    assert api.post(f"{path}/stop", Role.VIEWER, wanted).status_code == 403
    answer = api.post(f"{path}/stop", Role.TRADER, {**wanted, "loosen": True})
    assert (answer.status_code, answer.json()["job"]) == (202, "move_stop")
    config = {"instrument": "BTCUSDT.BYBIT", "position_id": position["position_id"], "price": "995.5"}
    config |= {"loosen": True, "reason": "news", "actor": "a-trader"}
    assert api.jobs.launched == [("move_stop", {"set_stop": config})]
    for wrong in ({"price": "0"}, {"price": "NaN"}, {"price": "dear"}, {"reason": " "}):
        assert api.post(f"{path}/stop", Role.TRADER, {**wanted, **wrong}).status_code == 422
    api.jobs.launched.clear()
    orders = f"{PREFIX}/orders/{position['plan_id']}"
    assert api.post(f"{orders}_TP1/cancel", Role.VIEWER, {"reason": "news"}).status_code == 403
    answer = api.post(f"{orders}_TP1/cancel", Role.TRADER, {"reason": "news"})
    assert (answer.status_code, answer.json()["job"]) == (202, "cancel_order")
    config = {"order_link_id": f"{position['plan_id']}_TP1", "reason": "news", "actor": "a-trader"}
    assert api.jobs.launched == [("cancel_order", {"take_back": config})]
    refused = api.post(f"{orders}_E/cancel", Role.TRADER, {"reason": "news"})
    assert (refused.status_code, "market order" in refused.json()["detail"]) == (409, True)
    assert api.post(f"{PREFIX}/orders/none/cancel", Role.TRADER, {"reason": "news"}).status_code == 404


def test_a_signal_is_opened_by_a_run_and_refused_at_once_where_something_stands_against_it(api: ApiLab) -> None:
    plan = trade_plan("ADAUSDT.BYBIT")
    store_plan(api.context.engine, plan)
    path = f"{PREFIX}/signals/{plan.signal_id}/open"
    assert api.post(path, Role.VIEWER, {"reason": "sure"}).status_code == 403
    answer = api.post(path, Role.TRADER, {"reason": "sure"})
    assert (answer.status_code, answer.json()["job"]) == (202, "open_from_signal")
    config = {"signal_id": plan.signal_id, "reason": "sure", "actor": "a-trader"}
    assert api.jobs.launched == [("open_from_signal", {"take_up": config})]
    (recorded,) = api.get("/api/v1/admin/audit", Role.ADMIN, action="launch.open_from_signal").json()["items"]
    assert (recorded["actor"], recorded["subject"]) == ("a-trader", plan.signal_id)
    assert api.post(f"{PREFIX}/signals/none/open", Role.TRADER, {"reason": "x"}).status_code == 404
    assert api.post(path, Role.TRADER, {"reason": " "}).status_code == 422
    api.post(f"{PREFIX}/halts", Role.TRADER, {"scope": "ADAUSDT", "reason": "delisting"})
    refused = api.post(path, Role.TRADER, {"reason": "sure"})
    assert (refused.status_code, refused.json()["code"]) == (409, "denied_by_the_gate")
    assert "delisting" in refused.json()["detail"]
    assert len(api.jobs.launched) == 1


def test_a_backtest_is_run_as_a_partition_of_dagster_compared_and_deleted(api: ApiLab) -> None:
    ordered = {"strategy": "ema_atr", "instrument_id": "BTCUSDT"}
    launched = api.post("/api/v1/research/backtests", Role.TRADER, ordered)
    assert (launched.status_code, launched.json()["run_id"]) == (202, "backfill-1")
    assert api.jobs.launched[0][1] == {"backtests": {"partitions": ["BTCUSDT.BYBIT|ema_atr"]}}
    wrong = api.post("/api/v1/research/backtests", Role.TRADER, {**ordered, "strategy": "ema_art"})
    assert (wrong.status_code, "did you mean ema_atr" in wrong.json()["detail"]) == (422, True)
    assert api.post("/api/v1/research/backtests", Role.VIEWER, ordered).status_code == 403
    store = PostgresBacktestStore(api.context.engine)
    store.save(a_run("aa1"))
    store.save(a_run("bb2", net_profit=7.0))
    compared = api.get("/api/v1/research/comparison", first="aa", second="bb2").json()
    assert (compared["first_id"], compared["equal"]) == ("aa1", False)
    assert compared["metrics"] == [{"name": "net_profit", "first": 6.0, "second": 7.0, "difference": 1.0}]
    path = "/api/v1/research/backtests/bb2"
    assert api.client.delete(path, headers=api.as_(Role.TRADER)).status_code == 403
    assert api.client.delete(path, headers=api.as_(Role.ADMIN)).status_code == 204
    assert api.get(path).status_code == 404
    assert api.client.delete(path, headers=api.as_(Role.ADMIN)).status_code == 404
    (recorded,) = api.get("/api/v1/admin/audit", Role.ADMIN, action="backtest.delete").json()["items"]
    assert (recorded["actor"], recorded["subject"]) == ("a-admin", "bb2")


def test_a_dead_letter_is_dropped_by_an_administrator_and_kept_on_record(api: ApiLab) -> None:
    with closing(RedisStream(api.context.settings.redis_url)) as stream:
        stream.dead_letter("stream:bar_close", "{broken", "no JSON")
    letters = api.get(f"{PREFIX}/dead-letters", Role.ADMIN, limit=1).json()["items"]
    assert (letters[0]["payload"], letters[0]["reason"]) == ("{broken", "no JSON")
    path = f"{PREFIX}/dead-letters/{letters[0]['letter_id']}"
    assert api.client.delete(path, headers=api.as_(Role.TRADER)).status_code == 403
    assert api.client.delete(path, headers=api.as_(Role.ADMIN)).status_code == 204
    assert api.client.delete(path, headers=api.as_(Role.ADMIN)).status_code == 404
    (recorded,) = api.get("/api/v1/admin/audit", Role.ADMIN, action="dead_letter.drop").json()["items"]
    assert recorded["before"]["payload"] == "{broken"


def test_a_dead_letter_is_taken_up_again_once_it_can_be_read_and_stays_while_it_cannot(api: ApiLab) -> None:
    with closing(RedisStream(api.context.settings.redis_url)) as stream:
        stream.dead_letter("feed.public", a_frame("kline.60.BTCUSDT", KLINE), "an unknown field")
        stream.dead_letter("feed.public", "{broken", "no JSON")
        broken, sound = (letter.letter_id for letter in stream.dead_letters(2))
    path = f"{PREFIX}/dead-letters"
    assert api.post(f"{path}/{sound}/replay", Role.TRADER).status_code == 403
    done = api.post(f"{path}/{sound}/replay", Role.ADMIN)
    assert (done.status_code, done.json()) == (200, {"letter_id": sound, "done": "1 bars, 1 of them new"})
    assert api.post(f"{path}/{sound}/replay", Role.ADMIN).status_code == 404
    refused = api.post(f"{path}/{broken}/replay", Role.ADMIN)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    left = [one["letter_id"] for one in api.get(path, Role.ADMIN).json()["items"]]
    assert (broken in left, sound in left) == (True, False)
    recorded = api.get("/api/v1/admin/audit", Role.ADMIN, action="dead_letter.replay").json()["items"]
    assert [(one["subject"], one["outcome"]) for one in recorded] == [(broken, "failed"), (sound, "done")]
    api.client.delete(f"{path}/{broken}", headers=api.as_(Role.ADMIN))


def test_a_partition_is_computed_again_alone_or_with_what_is_made_of_it(api: ApiLab) -> None:
    wanted = {"asset": "signals_15m", "day": "2025-11-03", "instrument_id": "BTCUSDT"}
    launched = api.post("/api/v1/pipeline/relaunches", Role.TRADER, wanted)
    assert (launched.status_code, launched.json()["run_id"]) == (202, "backfill-1")
    assert launched.json()["run_page"] == "http://dagster.test/runs/b/backfill-1"
    api.post("/api/v1/pipeline/relaunches", Role.TRADER, {**wanted, "with_later": True})
    partition = {"partitions": ["2025-11-03|BTCUSDT.BYBIT"]}
    assert [assets for _, assets in api.jobs.launched] == [
        {"signals_15m": partition},
        {"signals_15m": partition, "trade_plans_15m": partition},
    ]
    recorded = api.get("/api/v1/admin/audit", Role.ADMIN, action="partition.relaunch", limit=1).json()["items"]
    assert recorded[0]["subject"] == "signals_15m 2025-11-03|BTCUSDT.BYBIT"
    assert recorded[0]["after"] == {"backfill_id": "backfill-2", "with_later": True}
    assert api.post("/api/v1/pipeline/relaunches", Role.VIEWER, wanted).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ({"asset": "signal_15m"}, 422, "did you mean signals_15m?"),
        ({"asset": "signals_7m"}, 422, "did you mean signals_"),
        ({"instrument_id": "BTCUSD"}, 404, "did you mean BTCUSDT.BYBIT?"),
        ({"day": "2024-12-31"}, 404, "the nearest is 2025-01-01"),
        ({"day": "9999-12-31"}, 404, "the nearest is 20"),
        ({"day": "2025-02-30"}, 422, "body.day"),
    ],
)
def test_a_partition_that_there_is_not_is_refused_with_the_nearest(
    api: ApiLab, wrong: dict[str, str], status: int, said: str
) -> None:
    wanted = {"asset": "signals_15m", "day": "2025-11-03", "instrument_id": "BTCUSDT", **wrong}
    answer = api.post("/api/v1/pipeline/relaunches", Role.TRADER, wanted)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert api.jobs.launched == []


def test_nothing_is_computed_again_while_dagster_is_away(api: ApiLab) -> None:
    api.jobs.away = True
    wanted = {"asset": "signals_15m", "day": "2025-11-03", "instrument_id": "BTCUSDT"}
    answer = api.post("/api/v1/pipeline/relaunches", Role.TRADER, wanted)
    assert (answer.status_code, answer.json()["code"]) == (503, "dagster_away")
