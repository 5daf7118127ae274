import re
from collections import Counter

import pytest

from trading_pipeline_tests.scenarios.conftest import FinishedDemo
from trading_pipeline_tests.scenarios.replayed_demo import START, SYMBOLS, WAVES, rows

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("demo")]


def tags(finished: FinishedDemo, run_id: object) -> dict[str, str]:
    return {
        str(key): str(value)
        for key, value in rows(
            finished.dagster, "SELECT key, value FROM run_tags WHERE run_id = :run_id", {"run_id": run_id}
        )
    }


def test_every_wave_is_computed_by_one_run_of_its_own(finished: FinishedDemo) -> None:
    waves = rows(
        finished.trading,
        "SELECT close_time, timeframe, run_id FROM trading.waves WHERE computed_at IS NOT NULL AND close_time > :start",
        {"start": START},
    )
    assert Counter(timeframe for _, timeframe, _ in waves) == {"15m": WAVES, "30m": WAVES // 2, "1h": WAVES // 4}
    assert not rows(finished.trading, "SELECT FROM trading.waves WHERE computed_at IS NULL")
    assert {tags(finished, run_id)["wave"] == str(close).replace(" ", "T") for close, _, run_id in waves} == {True}


def test_every_bar_of_the_replay_has_been_judged_sound(finished: FinishedDemo) -> None:
    counted = rows(
        finished.trading,
        """
        SELECT instrument_id, count(*) FROM trading.bars WHERE timeframe = '15m' AND close_time > :start
        GROUP BY 1 ORDER BY 1
        """,
        {"start": START},
    )
    assert counted == [(f"{symbol}.BYBIT", WAVES) for symbol in SYMBOLS]
    assert not rows(finished.trading, "SELECT FROM trading.data_checks WHERE NOT passed")


def test_a_fill_leads_back_to_bar_and_runs(finished: FinishedDemo) -> None:
    found = rows(
        finished.trading,
        """
        SELECT fill.instrument_id, plan.plan_id, plan.run_id, intent.run_id, bar.close_time
        FROM trading.fills fill
        JOIN trading.order_intents intent USING (order_link_id)
        JOIN trading.trade_plans plan ON plan.plan_id = intent.plan_id
        JOIN trading.signals signal ON signal.signal_id = plan.signal_id
        JOIN trading.bars bar ON bar.instrument_id = signal.instrument_id AND bar.timeframe = signal.timeframe
            AND bar.close_time = signal.close_time
        WHERE intent.purpose = 'E'
        """,
    )
    entries = rows(finished.trading, "SELECT FROM trading.order_intents WHERE purpose = 'E' AND state = 'filled'")
    assert found
    assert len(found) >= len(entries) > 0
    for instrument_id, plan_id, planned_by, executed_by, close_time in found:
        planning, executing = tags(finished, planned_by), tags(finished, executed_by)
        assert planning["wave"] == executing["wave"] == close_time.isoformat()  # type: ignore[attr-defined]
        assert str(plan_id) in executing["plan"]
        assert str(instrument_id) in executing["instrument_ids"]
        assert executing["strategy"] == "ema_atr"


def test_a_position_is_opened_with_its_stop_and_closed_by_it(finished: FinishedDemo) -> None:
    stops = rows(finished.trading, "SELECT stop_loss FROM trading.order_intents WHERE purpose = 'E'")
    assert stops
    assert all(stop is not None for (stop,) in stops)
    closed = rows(finished.trading, "SELECT instrument_id, exit_reason FROM trading.positions WHERE status = 'closed'")
    assert ("SOLUSDT.BYBIT", "stop_loss") in closed


def test_nothing_is_left_unsettled(finished: FinishedDemo) -> None:
    for left in (
        "SELECT FROM trading.trade_plans WHERE status IN ('new', 'claimed')",
        "SELECT FROM trading.order_intents WHERE state IN ('intended', 'sent', 'unknown')",
        "SELECT FROM trading.positions WHERE status = 'opening'",
        "SELECT FROM trading.reconciliation_log",
    ):
        assert not rows(finished.trading, left), left


def test_no_run_failed(finished: FinishedDemo) -> None:
    counts = dict(rows(finished.dagster, "SELECT status, count(*) FROM runs GROUP BY 1"))
    assert set(counts) <= {"SUCCESS", "CANCELED", "STARTED"}, counts


def test_the_backfill_left_only_history(finished: FinishedDemo) -> None:
    before = rows(
        finished.trading,
        "SELECT DISTINCT status FROM trading.trade_plans WHERE close_time <= :start",
        {"start": START},
    )
    assert before == [("historical",)]


def test_the_report_and_its_plot_are_files_and_on_the_screen(finished: FinishedDemo) -> None:
    (report,) = (finished.demo.folder / "reports").glob("*.md")
    plot = report.with_suffix(".png")
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert plot.name in report.read_text()
    assert "SOLUSDT" in report.read_text().split("## Closed trades")[1]
    assert f"| waves | {WAVES + 1} |" in report.read_text()
    assert "Replay report" in finished.output


def test_the_page_is_a_file_whose_path_is_on_the_screen(finished: FinishedDemo) -> None:
    (page,) = (finished.demo.folder / "reports").glob("*.html")
    assert str(page) in finished.output
    assert "SOLUSDT.BYBIT" in page.read_text()
    assert "What to click next" in page.read_text()


def test_no_process_outlives_the_demo(finished: FinishedDemo) -> None:
    assert finished.survivors == []


def test_no_process_warns_or_writes_colours_in_a_normal_run(finished: FinishedDemo) -> None:
    logs = {path.name: path.read_text(errors="replace") for path in finished.demo.log_dir.glob("*.log")}
    assert {"feed.log", "worker-trading.log", "code-server.log", "webserver.log", "daemon.log"} <= logs.keys()
    told = {
        name: [line for line in text.splitlines() if re.search(r"(?i)warn|error|\x1b", line)]
        for name, text in logs.items()
    }
    assert {name: lines for name, lines in told.items() if lines} == {}


def test_every_stage_tells_its_progress_from_the_start(finished: FinishedDemo) -> None:
    stages = re.findall(r"^ *([0-9.]+) s  (.*)$", finished.output, re.MULTILINE)
    assert stages[0] == ("0.0", "looking at configuration, days, disk and ports")
    begun = [" ".join(text.split()[:2]) for _, text in stages]
    wanted = ["starting PostgreSQL", "starting exchange", "starting code-server,", "starting webserver,"]
    assert [one for one in begun if one in wanted] == wanted
    assert begun.index("backfilling 1") < begun.index("replaying in") < begun.index("reporting")
    assert [float(seconds) for seconds, _ in stages] == sorted(float(seconds) for seconds, _ in stages)
