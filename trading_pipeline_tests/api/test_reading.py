"""What is stored, as the API shows it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from trading_pipeline.adapters.stores.market_data.quality_store import PostgresQualityStore
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.notice_gaps import outages_noticed, reconnect_noticed
from trading_pipeline_tests.testkit.api_lab import ApiLab
from trading_pipeline_tests.testkit.execution_lab import (
    WAVE,
    Lab,
    store_bar,
    store_checks,
    store_plan,
    store_snapshot,
    store_wave,
    trade_plan,
)

LISTS = [
    "/api/v1/pipeline/waves",
    "/api/v1/pipeline/setups",
    "/api/v1/pipeline/triggers",
    "/api/v1/pipeline/pivots",
    "/api/v1/pipeline/signals",
    "/api/v1/pipeline/plans",
    "/api/v1/execution/orders",
    "/api/v1/execution/fills",
    "/api/v1/execution/positions",
    "/api/v1/execution/traces",
    "/api/v1/execution/equity",
    "/api/v1/execution/halts",
    "/api/v1/execution/commands",
    "/api/v1/execution/reconciliation",
    "/api/v1/execution/risk-events",
    "/api/v1/research/backtests",
    "/api/v1/research/curves",
    "/api/v1/research/calibrations",
]
BAR = {"instrument_id": "BTCUSDT", "timeframe": "15m"}


@pytest.mark.parametrize("path", LISTS)
def test_every_list_answers_a_viewer(api: ApiLab, path: str) -> None:
    answer = api.get(path, limit=5)
    assert (answer.status_code, set(answer.json())) == (200, {"items", "next_cursor"})


@pytest.mark.parametrize("path", ["/api/v1/market/bars", "/api/v1/market/checks", "/api/v1/pipeline/snapshots"])
def test_what_is_kept_per_bar_is_asked_by_bar(api: ApiLab, path: str) -> None:
    assert api.get(path, **BAR).status_code == 200
    refused = api.get(path)
    assert (refused.status_code, "query.instrument_id" in refused.json()["detail"]) == (422, True)


def test_money_is_decimal_text_and_times_are_utc(api: ApiLab) -> None:
    store_bar(api.context.engine, "BTCUSDT.BYBIT", WAVE, Decimal("1007.10"), 1.0)
    (bar,) = api.get("/api/v1/market/bars", **BAR).json()["items"]
    assert (bar["close"], bar["close_time"]) == ("1007.10", "2025-11-03T12:00:00Z")


def test_instruments_are_ordered_by_what_they_were_traded_for(api: ApiLab) -> None:
    for name, turnover in (("SOLUSDT.BYBIT", 900), ("ADAUSDT.BYBIT", 950)):
        for bar in range(2):
            close_time = WAVE - bar * Timeframe.M15.duration
            store_snapshot(api.context.engine, name, Timeframe.M15, close_time, Decimal(turnover), {})
    items = api.get("/api/v1/market/most-traded").json()["items"]
    traded = {one["instrument_id"]: (one["turnover"], one["bars"]) for one in items}
    assert (traded["ADAUSDT.BYBIT"], traded["SOLUSDT.BYBIT"]) == (("1900", 2), ("1800", 2))
    assert [one["instrument_id"] for one in items][:2] == ["ADAUSDT.BYBIT", "SOLUSDT.BYBIT"]
    assert api.get("/api/v1/market/most-traded", limit=1).json()["items"] == items[:1]


def test_volatility_is_that_of_the_newest_daily_bars(api: ApiLab) -> None:
    asked = "/api/v1/market/volatility"
    refused = api.get(asked, instrument_id="ADAUSDT")
    assert (refused.status_code, "0 daily bars are stored, 7" in refused.json()["detail"]) == (409, True)
    for day in range(9):
        # Of the newest seven closes every second is a tenth higher; the two before them would be a fall by half.
        close = Decimal(200) if day > 6 else Decimal(100 + 10 * (day % 2))
        at = WAVE.replace(hour=0) - timedelta(days=day)
        store_snapshot(api.context.engine, "ADAUSDT.BYBIT", Timeframe.D1, at, close, {})
    found = api.get(asked, instrument_id="ADAUSDT", days=7).json()
    assert (found["days"], found["max_move"], found["mean_range"]) == (7, pytest.approx(10), 0)
    assert found["max_drawdown"] == pytest.approx(100 / 11)
    assert found["atr"] == pytest.approx(10)


def test_a_signal_leads_to_its_plan_and_to_the_page_of_its_run(api: ApiLab) -> None:
    plan = trade_plan(close_time=WAVE + timedelta(hours=1))
    store_plan(api.context.engine, plan)
    (shown,) = api.get("/api/v1/pipeline/plans", signal_id=plan.signal_id).json()["items"]
    assert (shown["plan_id"], shown["run_page"]) == (plan.plan_id, "http://dagster.test/runs/planning-run")
    assert api.get(f"/api/v1/pipeline/signals/{shown['signal_id']}").json()["strategy"] == "ema_atr"


def test_a_list_that_rarely_changes_is_not_sent_twice(api: ApiLab) -> None:
    first = api.get("/api/v1/execution/halts")
    headers = {**api.as_(Role.VIEWER), "If-None-Match": first.headers["ETag"]}
    assert api.client.get("/api/v1/execution/halts", headers=headers).status_code == 304
    api.post("/api/v1/execution/halts", Role.TRADER, {"scope": "all", "reason": "new"})
    assert api.client.get("/api/v1/execution/halts", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "status", "told"),
    [
        ("/api/v1/market/bars", {**BAR, "instrument_id": "BTCUSD"}, 404, "did you mean BTCUSDT.BYBIT"),
        ("/api/v1/market/bars", {**BAR, "timeframe": "7m"}, 422, "unknown timeframe '7m'"),
        ("/api/v1/pipeline/waves", {"cursor": "nonsense"}, 422, "cursor 'nonsense' is none"),
        ("/api/v1/pipeline/waves", {"limit": 0}, 422, "query.limit"),
        ("/api/v1/pipeline/waves", {"limit": 1001}, 422, "query.limit"),
        ("/api/v1/pipeline/waves", {"since": "yesterday"}, 422, "query.since"),
        ("/api/v1/pipeline/waves", {"symbol": "x"}, 422, "query.symbol"),
        ("/api/v1/pipeline/signals/none", {}, 404, "there is no 'none' among signals"),
        ("/api/v1/pipeline/signals/a%00b", {}, 422, "signal_id"),
        ("/api/v1/nothing", {}, 404, "Not Found"),
    ],
)
def test_what_does_not_exist_is_named(
    api: ApiLab, path: str, params: dict[str, object], status: int, told: str
) -> None:
    answer = api.get(path, **params)
    assert answer.status_code == status
    assert told in answer.json()["detail"]
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_a_body_over_a_megabyte_is_refused_whether_it_says_so_or_not(api: ApiLab) -> None:
    for body in (b"x" * 1_000_001, iter([b"x" * 600_000] * 2)):
        answer = api.client.post("/api/v1/execution/halts", content=body, headers=api.as_(Role.TRADER))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_nothing_that_is_no_id_is_taken_for_one_of_a_request(api: ApiLab) -> None:
    for brought, kept in (("a-request-id-of-ours", True), ("x", False), ("a b\nc" * 4, False)):
        given = api.client.get("/livez", headers={"X-Request-ID": brought.replace("\n", "")}).headers["X-Request-ID"]
        assert (given == brought) is kept


def test_waves_are_shown_with_what_was_unanswered(api: ApiLab) -> None:
    store_wave(api.context.engine, Timeframe.M15)
    assert api.get("/api/v1/pipeline/waves").json()["items"][0]["unanswered"] == []


def test_an_equity_reading_is_shown(api: ApiLab) -> None:
    lab = Lab(api.context.engine)
    lab.equity.record(lab.venue.wallet())
    (reading,) = api.get("/api/v1/execution/equity").json()["items"]
    assert (reading["currency"], Decimal(reading["equity"])) == ("USDT", Decimal(10_000))


def test_every_instrument_of_the_universe_is_shown_and_those_of_before(api: ApiLab) -> None:
    items = api.get("/api/v1/market/instruments").json()["items"]
    assert items[0]["instrument_id"] == "BTCUSDT.BYBIT"
    assert all(one["collected"] and "15m" in one["timeframes"] for one in items)


def test_coverage_counts_each_day_and_names_what_is_missing(api: ApiLab) -> None:
    day = WAVE.replace(hour=0) + timedelta(days=5)
    for number in (1, 2, 3):
        store_bar(api.context.engine, "ADAUSDT.BYBIT", day + timedelta(minutes=15 * number), Decimal(1), 1.0)
    # the last bar of the day closes when the next begins, and its verdict is one on the day that it opens in
    for last in (day, day + timedelta(days=1), day + timedelta(days=2)):
        store_checks(api.context.engine, trade_plan("ADAUSDT.BYBIT", close_time=last), CheckName.NO_GAP)
    span = {"since": (day - timedelta(days=1)).isoformat(), "until": (day + timedelta(days=1)).isoformat()}
    answer = api.get("/api/v1/market/coverage", instrument_id="ADAUSDT", timeframe="15m", **span).json()
    assert [(one["bars"], one["expected"]) for one in answer["items"]] == [(0, 96), (3, 96)]
    assert [one["failed_checks"] for one in answer["items"]] == [1, 1]
    assert answer["missing"] == 96 + 93
    empty = {"since": day.isoformat(), "until": day.isoformat()}
    assert api.get("/api/v1/market/coverage", instrument_id="ADAUSDT", timeframe="15m", **empty).status_code == 422


def test_what_the_venue_has_lost_is_shown_newest_first_with_when_it_was_asked(api: ApiLab) -> None:
    store = PostgresRawBarStore(api.context.engine)
    lost = [WAVE - timedelta(hours=hours) for hours in (9, 8, 4)]
    for minutes in (0, 6):
        asked_at = WAVE + timedelta(minutes=minutes)
        store.note_absent(
            InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, lost, asked_at, "empty page", timedelta(minutes=5)
        )
    store.note_absent(
        InstrumentId("ADAUSDT.BYBIT"), Timeframe.H1, lost, WAVE, "asked once proves nothing", timedelta(minutes=5)
    )
    items = api.get("/api/v1/market/outages").json()["items"]
    assert [(one["first_open"][11:16], one["end"][11:16], one["bars"]) for one in items] == [
        ("08:00", "09:00", 1),
        ("03:00", "05:00", 2),
    ]
    assert (items[0]["asked_at"], items[0]["asked_again_at"]) == ("2025-11-03T12:00:00Z", "2025-11-03T12:06:00Z")
    assert items[0]["answer"] == "empty page; empty page"
    assert api.get("/api/v1/market/outages", instrument_id="BTCUSDT", timeframe="1h").json()["items"] == items
    none = {"items": [], "next_cursor": None}
    assert api.get("/api/v1/market/outages", timeframe="15m").json() == none
    assert api.get("/api/v1/market/outages", instrument_id="ADAUSDT").json() == none
    first = api.get("/api/v1/market/outages", limit="1").json()
    second = api.get("/api/v1/market/outages", limit="1", cursor=first["next_cursor"]).json()
    assert ([*first["items"], *second["items"]], second["next_cursor"]) == (items, None)
    assert api.get("/api/v1/market/outages", timeframe="1h", cursor=first["next_cursor"]).status_code == 422


def test_what_is_noticed_about_market_data_is_a_list_by_kind(api: ApiLab) -> None:
    lost = [WAVE - timedelta(hours=2), WAVE - timedelta(hours=1)]
    outage = outages_noticed(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, lost, WAVE)
    PostgresQualityStore(api.context.engine, "run-7").record([*outage, reconnect_noticed("public", 2, WAVE)])
    (told,) = api.get("/api/v1/market/quality", instrument_id="BTCUSDT", kind="outage").json()["items"]
    assert (told["severity"], told["close_time"]) == ("important", "2025-11-03T12:00:00Z")
    assert told["detail"]["lost_bars"] == 2
    assert told["run_page"].endswith("run-7")
    assert api.get(f"/api/v1/market/quality/{told['event_id']}").json() == told
    assert len(api.get("/api/v1/market/quality").json()["items"]) == 2


def test_strategies_are_shown_with_what_their_parameters_may_be(api: ApiLab) -> None:
    shown = {one["name"]: one for one in api.get("/api/v1/research/strategies").json()["items"]}
    fast = next(one for one in shown["ema_cross"]["parameters"] if "fast" in one["name"])
    assert (shown["ema_cross"]["configured"], " to " in fast["allowed"]) == (True, True)


def test_the_status_is_that_of_the_command_line(api: ApiLab) -> None:
    told = api.get("/api/v1/status").json()
    assert set(told) == {
        "heartbeats",
        "newest_wave",
        "waiting_waves",
        "waiting_plans",
        "unsettled_orders",
        "halts",
        "positions",
        "equity",
    }
