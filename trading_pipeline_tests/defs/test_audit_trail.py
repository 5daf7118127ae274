"""From the row of a fill back to the bar it comes from, by ids alone, and at each step the run that wrote the row."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from trading_pipeline.defs.execution.jobs import execute_plans
from trading_pipeline_tests.defs.execution_stage import RUN, launch
from trading_pipeline_tests.defs.pipeline_stage import ASSETS, PipelineStage, utc
from trading_pipeline_tests.testkit.execution_lab import Lab

OF_15M = [key for key in ASSETS if key.path[0].endswith("_15m")]
Row = dict[str, object]


@dataclass
class Traded:
    """A wave that planned, and the run that executed its plan."""

    stage: PipelineStage
    wave_run: str

    def row(self, table: str, **key: object) -> Row:
        """The one row with these values."""
        where = " AND ".join(f"{name} = '{value}'" for name, value in key.items())
        (found,) = self.stage.rows(f"SELECT row_to_json({table}) FROM {table} WHERE {where}")
        row = found[0]
        assert isinstance(row, dict)
        return row


@pytest.fixture
def traded(stage: PipelineStage) -> Traded:
    """The last entry of BTCUSDT that a backfill finds is planned again by its own wave, executed and filled."""
    stage.materialize(OF_15M)
    newest = (
        "SELECT close_time, entry_price FROM trade_plans WHERE instrument_id = 'BTCUSDT.BYBIT' ORDER BY 1 DESC LIMIT 1"
    )
    ((close, price),) = stage.rows(newest)
    # so that every row the fill leads to is the wave's own
    for table in ("trade_plans", "signals", "indicator_snapshots", "data_checks", "bars", "raw_bars"):
        stage.rows(f"DELETE FROM {table} RETURNING 1")
    wave = stage.materialize(OF_15M, wave=utc(close))  # type: ignore[arg-type]
    lab = Lab(stage.engine)
    lab.clock.set(close)  # type: ignore[arg-type]
    lab.venue.prices["BTCUSDT.BYBIT"] = Decimal(str(price))
    launch(lab, execute_plans)
    return Traded(stage, wave.run_id)


def test_ids_lead_from_a_fill_to_its_bar(traded: Traded) -> None:
    fill = traded.row("fills", kind="trade")
    order = traded.row("order_intents", order_link_id=fill["order_link_id"])
    plan = traded.row("trade_plans", plan_id=order["plan_id"])
    signal = traded.row("signals", signal_id=plan["signal_id"])
    of_bar = {name: signal[name] for name in ("instrument_id", "timeframe", "close_time")}
    bar, snapshot = traded.row("bars", **of_bar), traded.row("indicator_snapshots", **of_bar)
    check = traded.row("data_checks", **of_bar)
    heard = traded.row("raw_bars", **{**of_bar, "source": bar["source"]})
    assert (plan["status"], plan["claimed_by"]) == ("executed", RUN)
    assert [row["run_id"] for row in (fill, order)] == [RUN, RUN]
    assert {row["run_id"] for row in (plan, signal, snapshot, check, bar, heard)} == {traded.wave_run}
    assert signal["entry_price"] == bar["close"]


def test_a_bar_leads_on_to_what_became_of_it(traded: Traded) -> None:
    fill = traded.row("fills", kind="trade")
    plan = traded.row("trade_plans", status="executed")
    position = traded.row("positions", plan_id=plan["plan_id"])
    assert fill["position_id"] == position["position_id"]
    assert (position["status"], position["run_id"]) == ("open", RUN)
