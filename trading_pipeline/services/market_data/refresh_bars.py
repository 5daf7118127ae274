"""From what was heard to sound bars: fetch what is missing, consolidate, judge."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from trading_pipeline.domain.model.instrument_rows import instrument_rows
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.quality import QualityRules
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.bulk_bar_store import BulkBarStore
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.services.market_data.bars_report import BarsReport, joined, outages_in
from trading_pipeline.services.market_data.check_bars import Save, check_frame
from trading_pipeline.services.market_data.consolidate_bars import consolidate_bars
from trading_pipeline.services.market_data.derive_bars import derive_bars
from trading_pipeline.services.market_data.fill_gaps import fill_gaps
from trading_pipeline.services.market_data.notice_bars import notice_bars

# A day of 15m bars.
_PLOTTED_BARS = 96


def refresh_bars(
    bars: BarStore,
    checks: CheckStore,
    market_data: MarketData,
    scope: PartitionRange,
    now: datetime,
    base: Timeframe | None = None,
    rules: QualityRules | None = None,
    wave: datetime | None = None,
    history: BulkBarStore | None = None,
) -> BarsReport:
    """Make the bars of ``scope`` complete as far as the venue has them, and judge each.

    :param base: of a timeframe that the venue does not publish, the one whose stored bars it is made of.
    :param rules: when something is noticed; the usual thresholds without them.
    :param wave: closing instant (UTC) that is computed; history has neither gaps nor lags that anybody has to know of.
    :param history: where long holes are kept at once; without it bar by bar.
    """
    rules = rules or QualityRules()
    if wave:
        report = _refreshed(bars, checks.save, market_data, scope, now, base, rules, wave, history)
        return replace(report, failed=tuple(checks.failed_bars(scope.timeframe)))
    # One after the other where nobody waits: a year of minutes of one instrument is much to hold.
    alone = (replace(scope, instrument_ids=(name,)) for name in scope.instrument_ids)
    # Verdicts are most of what is written, and PostgreSQL writes those of one while the next is fetched.
    with ThreadPoolExecutor(1) as pool:
        saving: list[Future[int]] = []
        reports = [
            _refreshed(
                bars,
                lambda judged: saving.append(pool.submit(checks.save, judged)),
                market_data,
                one,
                now,
                base,
                rules,
                wave,
                history,
            )
            for one in alone
        ]
        for saved in saving:
            saved.result()
    return joined(reports, checks.failed_bars(scope.timeframe))


def _refreshed(
    bars: BarStore,
    save: Save,
    market_data: MarketData,
    scope: PartitionRange,
    now: datetime,
    base: Timeframe | None,
    rules: QualityRules,
    wave: datetime | None,
    history: BulkBarStore | None,
) -> BarsReport:
    """All instruments of ``scope`` at once; what fails of all that is stored is asked when verdicts are kept."""
    if base is not None:
        derive_bars(bars, scope, base, now)
    # The order matters: what is fetched has to be consolidated, and only consolidated bars are judged.
    gaps = fill_gaps(bars, market_data, scope, now, history)
    # What the venue has lost is known now, and windows reach back over it.
    outages = bars.outages(scope.instrument_ids, scope.timeframe)
    scope = scope.bridging(outages)
    copied = {gap.instrument_id: gap.copied for gap in gaps if gap.copied}
    changed = consolidate_bars(bars, scope, now, copied) + sum(gap.healed for gap in gaps if gap.copied)
    # Read once: of a year of minutes it takes as long as to copy them.
    start, end = scope.open_times_until(now)
    frame = bars.frame(scope.instrument_ids, scope.timeframe, start, end)
    verdicts = check_frame(frame, bars, save, scope)
    prices = frame["close"].to_numpy()
    closes = {name: prices[rows][-_PLOTTED_BARS:].tolist() for name, rows in instrument_rows(frame)}
    last = None if frame.empty else frame["close_time"].max().to_pydatetime()
    noticed = tuple(notice_bars(frame, gaps, scope, rules, now, wave))
    return BarsReport(tuple(gaps), changed, verdicts, (), last, closes, noticed, outages_in(outages, start, end))
