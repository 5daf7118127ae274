"""What the page of a pipeline's run says beyond a backtest's."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from trading_pipeline.adapters.reports.chart_data import open_positions_document
from trading_pipeline.adapters.reports.html_report import html_report
from trading_pipeline.adapters.reports.ledger_tables import SHOWN, ledger_tables
from trading_pipeline.adapters.reports.pipeline_part import PipelinePart, Place, further
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, OrderType, Purpose, Side
from trading_pipeline.domain.model.pipeline_runs import Latency, PipelineRecord, RefusedPlan, SentOrder
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import TradeLeg, TradeRow
from trading_pipeline_tests.adapters.reports.test_html_report import CHROMIUM, drawn_by_a_browser
from trading_pipeline_tests.services.research.test_run_backtest import golden_run

AT = datetime(2024, 1, 14, 12, tzinfo=UTC)
BTC = InstrumentId("BTCUSDT.BYBIT")
UI = "http://127.0.0.1:3000"
ORDER = SentOrder(
    instrument_id=BTC,
    purpose=Purpose.TAKE_PROFIT_1,
    layer=1,
    side=Side.SELL,
    order_type=OrderType.LIMIT,
    quantity=Decimal("0.0200"),
    price=Decimal("104523.5"),
    average_price=None,
    state=IntentState.REJECTED,
    reason="110007: not <enough>",
    changed_at=AT,
    answer_s=0.0421,
    run_id="0a1b2c3d-run",
)
REFUSED = RefusedPlan(
    close_time=AT,
    instrument_id=BTC,
    timeframe=Timeframe.H1,
    strategy="rsi",
    bias=Bias.SHORT,
    status=PlanStatus.DENIED,
    reason="cooldown: 1 of 4 bars",
)
OPEN = TradeRow(
    strategy="ema_atr",
    timeframe=Timeframe.H1,
    instrument_id=BTC,
    signalled_at=AT,
    bias=Bias.LONG,
    entry_price=30_000.5,
    quantity=0.3,
    stop_price=29_900.0,
    exit_reason="",
    pnl=0.0,
    fees=1.0,
    funding=0.0,
    legs=(TradeLeg(AT, AT, 30_100.0, 0.12, "take_profit"),),
    entries=(TradeLeg(AT, AT, 30_000.5, 0.3, "entry"),),
    targets=(30_100.0, 30_200.0),
)
RECORD = PipelineRecord(
    source="generated bars, seed 7",
    waves=97,
    orders=(ORDER,),
    refused=(REFUSED,),
    open_positions=(OPEN,),
    plan_latency=Latency(0.512, 0.734, 12),
    order_latency=Latency(None, None, 0),
)
LINEAGE = Place("Lineage", "/asset-groups", "how a plan came to be")


def page_of(part: PipelinePart) -> str:
    run = golden_run(33)
    return html_report(run.record, run.bars, part)


def cells(page: str, title: str) -> list[list[str]]:
    """Texts of the rows of one table of the ledger."""
    section = page.split(f"<h2>{title}")[1].split("</section>")[0]
    rows = re.findall(r"<tr>(<td>.*?)</tr>", section)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in rows]


def test_an_order_is_told_with_its_price_state_reason_and_answer() -> None:
    assert cells(ledger_tables(RECORD, ""), "Orders") == [
        [
            *(
                "2024-01-14 12:00:00",
                "BTCUSDT.BYBIT",
                "Take profit 1",
                "sell",
                "limit",
                "0.02",
                "104523.5",
                "",
                "42 ms",
            ),
            *("Rejected", "110007: not &lt;enough&gt;", "0a1b2c3d"),
        ]
    ]


def test_a_refused_plan_is_told_with_its_rule() -> None:
    assert cells(ledger_tables(RECORD, ""), "Plans that were refused") == [
        ["2024-01-14 12:00", "BTCUSDT.BYBIT", "short", "1h", "rsi", "Denied", "cooldown: 1 of 4 bars"]
    ]


def test_an_open_position_is_told_with_its_stop_and_take_profits() -> None:
    assert cells(ledger_tables(RECORD, ""), "Open positions") == [
        ["2024-01-14 12:00", "BTCUSDT.BYBIT", "long", "1h", "ema_atr", "0.3", "30000.5", "29900", "30100, 30200"]
    ]


def test_an_open_position_is_drawn_without_an_end() -> None:
    (row,) = open_positions_document((OPEN,), [BTC])
    assert row[:6] == [0, 1, 1_705_233_600_000, 30_000.5, None, None]
    assert row[13:] == [
        29_900.0,
        [[1_705_233_600_000, 30_000.5, 1.0, "entry"]],
        [[1_705_233_600_000, 30_100.0, 0.4, "take_profit"]],
        [30_100.0, 30_200.0],
    ]


def test_rows_beyond_those_shown_are_counted() -> None:
    written = ledger_tables(replace(RECORD, orders=(ORDER,) * (SHOWN + 2)), "")
    assert len(cells(written, "Orders")) == SHOWN
    assert "And 2 more in the database." in written


def test_a_table_without_rows_says_so() -> None:
    bare = replace(RECORD, orders=(), refused=(), open_positions=())
    assert ledger_tables(bare, "").count("None.") == 3


def test_a_latency_that_nobody_measured_is_not_made_up() -> None:
    rows = re.findall(r"<td>(.*?)</td>", further(PipelinePart(RECORD, (), "")))
    assert rows == ["0.51 s", "0.73 s", "12", "n/a", "n/a", "0"]


def test_a_running_systems_order_links_to_its_run() -> None:
    page = page_of(PipelinePart(RECORD, (LINEAGE,), UI))
    assert f"<a href='{UI}/asset-groups'>Lineage</a>" in page
    assert f"<a href='{UI}/runs/0a1b2c3d-run'>" in page
    assert "--keep" not in page


def test_an_ended_system_names_the_keeping_command() -> None:
    page = page_of(PipelinePart(RECORD, (LINEAGE,), ""))
    assert "<a href" not in page
    assert "<b>Lineage</b>" in page
    assert "make demo ARGS=&quot;--keep&quot;" in page


@pytest.mark.parametrize("ui", ["", UI])
def test_the_page_of_a_pipeline_asks_nobody_for_anything(ui: str) -> None:
    links = re.compile(r"<a href='[^']*'>")
    asked = r"https?://|@import|url\(|<link|<img|<iframe|\bsrc=|fetch\(|XMLHttpRequest"
    assert not re.search(asked, links.sub("", page_of(PipelinePart(RECORD, (LINEAGE,), ui))))


def test_a_backtests_page_has_none_of_it() -> None:
    run = golden_run(33)
    page = html_report(run.record, run.bars)
    for words in ("What to click next", "Close to plan", "Plans that were refused", "Open positions"):
        assert words not in page
        assert words in page_of(PipelinePart(RECORD, (LINEAGE,), ""))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_draws_open_positions_beside_closed_trades(tmp_path: Path) -> None:
    drawn = drawn_by_a_browser(page_of(PipelinePart(RECORD, (LINEAGE,), UI)), tmp_path)
    assert "<title>BROKEN" not in drawn
    # a badge each for the trade of the golden run, the open position, the order and the refused plan
    assert len(re.findall(r"<span class=.side[ '\"]", drawn)) == 4
