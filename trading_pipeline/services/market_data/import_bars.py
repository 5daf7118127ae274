"""Bars of a file into the tables that everything downstream reads, recorded like a backfill."""

from trading_pipeline.domain.model.backfills import BackfillProgress, BackfillRun, BackfillStatus
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.domain.model.timeframes import from_ms
from trading_pipeline.domain.model.written_bars import WrittenBars
from trading_pipeline.ports.stores.market_data.backfill_log import BackfillLog
from trading_pipeline.ports.stores.market_data.bulk_bar_store import BulkBarStore

_BARS_AT_ONCE = 10_000
"""Kept together, so that an import that is cut off loses no more."""


def import_bars(bars: WrittenBars, run: BackfillRun, store: BulkBarStore, log: BackfillLog) -> int:
    """Keep the bars of a file, part by part; what venue or stream told about a bar goes before it.

    :param bars: sound ones; what reads files sees to that.
    :returns: bars that no file had told before; a repetition gives 0.
    """
    log.begin(run)
    progress, new = BackfillProgress(), 0
    try:
        for part in bars.parts(_BARS_AT_ONCE):
            new += store.append(part, BarSource.FILE)
            through = from_ms(int(part.open_ms[-1]) + part.timeframe.ms)
            progress = BackfillProgress(progress.upserts + len(part), progress.pages + 1, through=through)
            log.progress(run.run_id, progress)
    except TradingError as error:
        log.end(run.run_id, BackfillStatus.FAILED, progress, str(error))
        raise
    except BaseException as error:
        # Ctrl-C and whatever nobody foresaw: the row must not say for ever that it runs.
        log.end(run.run_id, BackfillStatus.CANCELED, progress, repr(error))
        raise
    log.end(run.run_id, BackfillStatus.SUCCEEDED, progress)
    return new
