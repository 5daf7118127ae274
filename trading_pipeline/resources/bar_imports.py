"""Bars of files that people bring, put together of the stores; commands and the API ask here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from trading_pipeline.adapters.files.bar_files import bar_frame
from trading_pipeline.adapters.stores.market_data.backfill_log import PostgresBackfillLog
from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore
from trading_pipeline.domain.model.backfills import BackfillRun
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.written_bars import WrittenBars
from trading_pipeline.services.market_data.import_bars import import_bars

if TYPE_CHECKING:
    from trading_pipeline.domain.model.recognised_bars import RecognisedBars


def require_same_symbol(found: "RecognisedBars", instrument_id: InstrumentId, origin: str) -> None:
    """:raises ConfigurationError: the file says that its bars are another instrument's."""
    if found.symbol and instrument_id.symbol != found.symbol:
        raise ConfigurationError(
            f"{origin} holds bars of {found.symbol}, not of {instrument_id.symbol}; give another file"
        )


def import_by_operator(
    engine: Engine,
    found: "RecognisedBars",
    instrument_id: InstrumentId,
    run_id: str,
    actor: str,
    params: Mapping[str, object],
) -> int:
    """Keep the bars of a file in the name of a person.

    :param run_id: of the row in ``backfill_runs`` and of the bars.
    :param params: what the row says of the file: its name, its digest, why.
    :returns: bars that no file had told before.
    :raises ConfigurationError: the file says that its bars are another instrument's.
    """
    require_same_symbol(found, instrument_id, str(params["file"]))
    params = {**params, "recognised": found.described()}
    run = BackfillRun(run_id, BarSource.FILE, instrument_id, found.timeframe, actor, params)
    bars = WrittenBars.of_frame(bar_frame(found.frame, instrument_id, found.timeframe), instrument_id, found.timeframe)
    return import_bars(bars, run, PostgresBulkBarStore(engine, run_id), PostgresBackfillLog(engine))
