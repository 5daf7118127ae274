"""The page that a demo leaves, from what its database holds."""

import json
import re
import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.research.replay_facts import replay_facts
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replay_report import write_demo_report
from trading_pipeline.runtime.replay.replaying import Replayed
from trading_pipeline.runtime.replay.report import ReportHeader
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline_tests.architecture.source_tree import ROOT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

BAR = Timeframe.M15.duration
INSTRUMENTS = (InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT"))
UI = "http://127.0.0.1:3999"


@pytest.fixture
def lab(database: Engine) -> Lab:
    """A long in BTCUSDT that took its first target and was stopped, a short in SOLUSDT that is open, a denied plan."""
    made = Lab(database)
    for instrument_id, bias in zip(INSTRUMENTS, (Bias.LONG, Bias.SHORT), strict=True):
        store_bar(database, instrument_id, WAVE, Decimal(1000), 4.0)
        store_plan(database, trade_plan(instrument_id, bias))
    record_equity(trading=made.venue, equity=made.equity)
    execute_plans(context=made.context(), gate=made.gate, equity=made.equity)
    store_plan(database, trade_plan(strategy="rsi"), checks=False)
    execute_plans(context=made.context("run-2"), gate=made.gate, equity=made.equity)
    made.clock.advance(timedelta(minutes=7))
    for price in (1010, 990):
        made.venue.move("BTCUSDT.BYBIT", Decimal(price))
    made.clock.set(WAVE + BAR)
    for instrument_id in INSTRUMENTS:
        store_bar(database, instrument_id, WAVE + BAR, Decimal(990), 4.0)
    indicators = PostgresIndicatorReader(database)
    manage_positions(context=made.context(), indicators=indicators, wave=WAVE + BAR, finest=Timeframe.M15)
    record_equity(trading=made.venue, equity=made.equity)
    return made


def page_of(lab: Lab, folder: Path, ui: str = "") -> str:
    """The demo's report about half an hour of the lab."""
    plan = ReplayPlan(
        bars_dir=None,
        seed=7,
        instrument_ids=INSTRUMENTS,
        start=WAVE - BAR,
        days=1 / 48,
        backfill_days=0,
        port=3999,
        state_dir=folder,
    )
    shutil.copytree(ROOT / "config", plan.config_dir)
    header = ReportHeader(plan.source, INSTRUMENTS, plan.start, plan.end, 0, 1.0, 2.0)
    facts = replay_facts(lab.database, plan.since, plan.end)
    universe = load_universe(plan.config_dir)
    # the page reads nothing of the processes
    done = Replayed(header, facts, lab.database, universe, system=None, stop=None)  # type: ignore[arg-type]
    return write_demo_report(folder / "reports", "demo", plan, done, ui).read_text()


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found.group(1))
    return data


def test_the_page_draws_a_trade_with_its_levels(lab: Lab, tmp_path: Path) -> None:
    data = data_of(page_of(lab, tmp_path))
    (trade,) = data["trades"]
    assert data["instrument_ids"][trade[0]] == "BTCUSDT.BYBIT"
    assert trade[12:14] == ["stop_loss", 990.0]
    assert [leg[1] for leg in trade[15]] == [1010.0, 990.0]
    assert trade[16] == [1010.0, 1020.0]  # 1 R and 2 R of 10
    # 2 of 5 at +10, 3 of 5 at -10, 50 at risk
    assert trade[9] == pytest.approx(-0.2)
    assert trade[8] < trade[9]


def test_the_page_draws_the_open_position(lab: Lab, tmp_path: Path) -> None:
    data = data_of(page_of(lab, tmp_path))
    (position,) = data["open"]
    assert data["instrument_ids"][position[0]] == "SOLUSDT.BYBIT"
    assert (position[1], position[13], position[16]) == (-1, 1010.0, [990.0, 980.0])


def test_the_page_lists_orders_and_the_denied_plan(lab: Lab, tmp_path: Path) -> None:
    page = page_of(lab, tmp_path)
    assert "<h2>Orders <small>6</small></h2>" in page  # an entry and two targets, twice
    assert "symbol_busy: " in page.split("<h2>Plans that were refused <small>1</small></h2>")[1]


def test_a_lasting_systems_page_links_its_runs(lab: Lab, tmp_path: Path) -> None:
    page = page_of(lab, tmp_path, UI)
    assert f"{UI}/runs?q[]=tag%3Awave%3D2025-11-03T12%3A00%3A00%2B00%3A00" in page
    assert f"{UI}/runs/run-1" in page
    assert f"{UI}/assets/trade_plans_15m?view=partitions" in page


def test_a_page_of_a_system_that_has_ended_has_no_link(lab: Lab, tmp_path: Path) -> None:
    page = page_of(lab, tmp_path)
    assert "<a href" not in page
    assert "--keep" in page


def test_markdown_and_plot_lie_beside_the_page(lab: Lab, tmp_path: Path) -> None:
    page_of(lab, tmp_path)
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == ["demo.html", "demo.md", "demo.png"]
