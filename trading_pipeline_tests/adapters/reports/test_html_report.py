"""The page of a backtest: complete in itself, true to the run, drawn by a browser."""

import base64
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trading_pipeline.adapters.reports.chart_data import MAX_POINTS, bars_document, equity_document, trades_document
from trading_pipeline.adapters.reports.html_report import html_report
from trading_pipeline.adapters.reports.png import equity_png
from trading_pipeline.domain.model.backtest_runs import EquityCurve
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.research.sample_bars import sample_bars
from trading_pipeline_tests.services.research.test_run_backtest import golden_run, sampled

CHROMIUM = next((path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/google-chrome")) if path.exists()), None)


def drawn_by_a_browser(page: str, folder: Path) -> str:
    """The document after its scripts ran; an error in one of them leaves its message as the title."""
    path = folder / "page.html"
    watch = "<script>window.addEventListener('error', (e) => { document.title = 'BROKEN ' + e.message; });</script>"
    path.write_text(page.replace("<style>", watch + "<style>", 1))
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--virtual-time-budget=3000", "--dump-dom", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=True).stdout


@pytest.fixture(scope="module")
def page() -> str:
    run = golden_run(33)
    return html_report(run.record, run.bars)


def unpacked(text: object, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(str(text)), kind)


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, object] = json.loads(found.group(1))
    return data


def test_the_page_asks_nobody_for_anything(page: str) -> None:
    assert not re.search(r"https?://|@import|url\(|<link|<img|<iframe|\bsrc=|fetch\(|XMLHttpRequest", page)


def test_the_page_carries_every_trade_with_its_exits_and_stop(page: str) -> None:
    (trade,) = data_of(page)["trades"]  # type: ignore[misc]
    assert trade[1] == -1
    assert trade[13] == 30125.0
    assert [leg[3] for leg in trade[15]] == ["take_profit", "take_profit", "trailing_stop"]


def test_the_page_carries_every_trade_in_r_net_and_gross() -> None:
    (trade,) = golden_run(33).record.trades
    (row,) = trades_document([replace(trade, pnl_r=1.5, gross_pnl_r=1.75)], [trade.instrument_id])
    assert row[8:10] == [1.5, 1.75]


def test_the_page_carries_where_take_profits_were_placed() -> None:
    (trade,) = golden_run(33).record.trades
    (row,) = trades_document([replace(trade, targets=(29_801.0, 29_639.0))], [trade.instrument_id])
    assert row[16] == [29_801.0, 29_639.0]


@pytest.mark.parametrize(
    "words",
    [
        *("Max drawdown", "How trades ended", "Trailing stop", "code_version"),
        *("Profit factor, net", "Net USDT", "Gross profit factor", "Net of fees and funding"),
        *("Net R", "Gross R"),
    ],
)
def test_the_page_has_its_tables(page: str, words: str) -> None:
    assert words in page


def test_what_the_reader_has_to_know_stands_above_the_charts_once() -> None:
    run = golden_run(33)
    noted = replace(run.record, params={**run.record.params, "notes": ["close 1 -> open <9>", "3 bars are missing"]})
    page = html_report(noted, run.bars)
    assert page.count("<li>close 1 -&gt; open &lt;9&gt;</li><li>3 bars are missing</li>") == 1
    assert page.count("3 bars are missing") == 1
    assert page.index("<h2>Notes") < page.index("<h2>Price and trades")


def test_a_page_without_notes_has_no_place_for_them(page: str) -> None:
    assert "Notes" not in page


def test_the_cards_show_what_a_net_figure_was_before_costs() -> None:
    run = golden_run(33, taker_fee_bps=50.0)
    figures = run.record.metrics
    card = re.search(
        r"<span>Sum of R, net</span><b[^>]*>(.*?)</b><small>(.*?)</small>", html_report(run.record, run.bars)
    )
    assert card
    assert card.groups() == (f"{figures['sum_r']:+.2f} R", f"gross {figures['gross_sum_r']:+.2f} R")
    assert card.group(1) != card.group(2).removeprefix("gross ")


def test_under_a_month_no_yearly_figure_is_shown(page: str) -> None:
    for words in ("Returns by month", ">CAGR</span>", ">Sharpe ratio</span>"):
        assert words not in page
        assert words in html_report(sampled().record, sampled().bars)


def test_months_add_up_to_the_whole() -> None:
    run = sampled()
    page = html_report(run.record, run.bars)
    body = re.search(r"<table class='months'>.*?</table>", page, re.DOTALL)
    assert body
    monthly = [float(value) for value in re.findall(r'<td class="" style="[^"]*">([-+][\d.]+)</td>', body.group())]
    grown = np.prod([1 + value / 100 for value in monthly]) - 1
    total = run.record.metrics["total_return_pct"]
    assert total is not None
    assert grown * 100 == pytest.approx(total, abs=0.05 * len(monthly))


def test_a_name_cannot_leave_its_place() -> None:
    run = golden_run(33).record
    hostile = replace(run, run_id="</script><b>", params={**run.params, "strategy": "<script>alert(1)</script>"})
    page = html_report(hostile, golden_run(33).bars)
    assert "<script>alert" not in page
    assert page.count("</script>") == 2


def test_long_series_are_merged_without_losing_extremes() -> None:
    bars = sample_bars("BTCUSDT", Timeframe.M1, 2 * MAX_POINTS + 7)
    document = bars_document(bars)
    assert document["merged"] == 3
    assert len(unpacked(document["minutes"], "<i4")) <= MAX_POINTS
    assert unpacked(document["high"], "<f4").max() == np.float32(bars["high"].max())
    assert unpacked(document["low"], "<f4").min() == np.float32(bars["low"].min())
    assert unpacked(document["close"], "<f4")[-1] == np.float32(bars["close"].iloc[-1])


def test_the_deepest_drawdown_survives_merging() -> None:
    equity = np.full(2 * MAX_POINTS, 10_000.0)
    equity[777] = 5_000.0
    document = equity_document(EquityCurve(np.arange(len(equity), dtype=np.int64) * 60_000, equity), 10_000.0)
    assert unpacked(document["drawdown"], "<f4").min() == -50.0


def test_the_picture_is_a_png() -> None:
    run = golden_run(33).record
    assert equity_png(run.curve, 10_000.0, "golden").startswith(b"\x89PNG")


@pytest.mark.parametrize("instrument_ids", [("BTCUSDT",), ("BTCUSDT", "ETHUSDT")])
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_draws_the_page_without_an_error(tmp_path: Path, instrument_ids: tuple[str, ...]) -> None:
    run = sampled(instrument_ids)
    drawn = drawn_by_a_browser(html_report(run.record, run.bars), tmp_path)
    assert "<title>BROKEN" not in drawn
    assert drawn.count('<span class="side') == min(100, len(run.record.trades))
