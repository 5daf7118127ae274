"""Pages of the Dagster UI that show what a replay's report tells."""

from datetime import datetime
from urllib.parse import quote

from trading_pipeline.adapters.reports.pipeline_part import Place
from trading_pipeline.domain.model.pipeline_runs import PipelineRecord
from trading_pipeline.domain.model.timeframes import Timeframe


def places(record: PipelineRecord, timeframe: Timeframe, wave: datetime) -> tuple[Place, ...]:
    """Where to look, the whole before its parts.

    :param timeframe: whose assets are opened.
    :param wave: a closing instant (UTC) at which something was decided.
    """
    found = [
        Place(
            "Lineage",
            f"/assets/trade_plans_{timeframe}?view=lineage&lineageScope=upstream&lineageDepth=4",
            "what a trade plan is made of: signals, indicator snapshots, bars of every timeframe",
        ),
        Place(
            f"Runs of the wave {wave:%H:%M}", _runs_of(wave), "what one closing instant computed, planned and ordered"
        ),
        Place(
            f"Asset trade_plans_{timeframe}",
            f"/assets/trade_plans_{timeframe}?view=partitions",
            "a partition is a day of an instrument; Materialize fills one again and can never reach an order",
        ),
        Place(
            f"Checks of bars_{timeframe}",
            f"/assets/bars_{timeframe}?view=checks",
            "what made every bar fit to trade on",
        ),
        Place("Automation", "/automation", "the sensors that turn a close into a run, and their last ticks"),
    ]
    if record.orders:
        run = f"/runs/{record.orders[0].run_id}"
        found.insert(2, Place("Run of the first order", run, "gate, claim, intent, answer: the log of one order"))
    return tuple(found)


def _runs_of(wave: datetime) -> str:
    return f"/runs?q[]={quote(f'tag:wave={wave.isoformat()}', safe='')}"
