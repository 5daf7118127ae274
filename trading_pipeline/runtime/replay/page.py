"""The page about a replay: that of a backtest, with what the pipeline adds."""

from collections.abc import Sequence

from trading_pipeline.adapters.reports.html_report import html_report
from trading_pipeline.adapters.reports.pipeline_part import PipelinePart
from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.domain.model.backtest_runs import RunRecord
from trading_pipeline.domain.model.trade_history import TradeRow
from trading_pipeline.runtime.replay.places import places
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replay_record import pipeline_record
from trading_pipeline.runtime.replay.replaying import Replayed
from trading_pipeline.services.research.stored_bars import stored_bars


def replay_page(run: RunRecord, rows: Sequence[TradeRow], plan: ReplayPlan, done: Replayed, ui: str) -> str:
    """The page as text.

    :param rows: every position of the replay, open ones too.
    :param ui: address of the Dagster UI that stays up; empty where the system ends with the report.
    """
    finest = done.universe.finest
    bars = stored_bars(PostgresBarStore(done.engine), plan.instrument_ids, (finest,), plan.start, plan.end)[finest]
    record = pipeline_record(plan, done, rows)
    # A wave in which something happened shows more than the last one.
    wave = rows[0].signalled_at if rows else plan.end
    return html_report(run, bars, PipelinePart(record, places(record, finest, wave), ui))
