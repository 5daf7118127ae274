"""``--bars``: a file, or the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Engine

    from trading_pipeline.adapters.files.bar_files import ReadBars

DATABASE = "db"
# Later than any bar: stores ask for an end, and here all bars are meant.
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TypedBars:
    """``--bars`` and how its bars are to be taken."""

    source: str
    allow_zero_volume: bool = False

    def read(self, instrument_id: InstrumentId, timeframe: Timeframe) -> "ReadBars":
        """All bars of one instrument; see ``load_bars``."""
        return load_bars(self.source, instrument_id, timeframe, allow_zero_volume=self.allow_zero_volume)

    def timeframe(self, instrument_id: InstrumentId) -> Timeframe:
        """The shortest timeframe that can be had of an instrument.

        :raises ConfigurationError: no such file or database.
        :raises DataError: there are no bars of the instrument.
        """
        from trading_pipeline.adapters.files.bar_files import file_timeframe

        if self.source != DATABASE:
            return file_timeframe(Path(self.source.replace("{symbol}", instrument_id.symbol)))
        return _shortest_stored(instrument_id)[0]


def load_bars(source: str, instrument_id: InstrumentId, timeframe: Timeframe, *, allow_zero_volume: bool) -> "ReadBars":
    """All bars of one instrument from ``source``: ``db``, or a path in which ``{symbol}`` stands for the instrument.

    :raises ConfigurationError: no such file or database.
    :raises DataError: bars that no decision may be taken from, or none.
    """
    from trading_pipeline.adapters.files.bar_files import read_bar_file

    if source != DATABASE:
        path = Path(source.replace("{symbol}", instrument_id.symbol))
        return read_bar_file(path, instrument_id, timeframe, allow_zero_volume=allow_zero_volume)
    return _stored_bars(instrument_id, timeframe, allow_zero_volume=allow_zero_volume)


def bar_notes(bars: "ReadBars", source: str) -> Iterator[str]:
    """What the reader should know about bars of which no money is made: rows left out, jumps no market makes."""
    from trading_pipeline.domain.model.jumps import jump_list, jumps
    from trading_pipeline.domain.strategies.framework.arrays import BarArrays

    if bars.note:
        yield bars.note
    arrays = BarArrays.of(bars.frame)
    found = jumps(arrays.open_time_ms, arrays.close_time_ms, arrays.open, arrays.close)
    if found:
        yield f"{source}: {jump_list(found)}: no market does that; a backtest refuses these bars"


def require_place_for(source: str, instrument_ids: tuple[InstrumentId, ...]) -> None:
    """Refuse one file for several instruments.

    :raises ConfigurationError: the file's name has no ``{symbol}``.
    """
    if len(instrument_ids) > 1 and source != DATABASE and "{symbol}" not in source:
        raise ConfigurationError(
            f"--bars {source} is one file for {len(instrument_ids)} symbols: write {{symbol}} in its name"
        )


@contextmanager
def open_database() -> "Iterator[Engine]":
    """The database of ``DATABASE_URL``.

    :raises ConfigurationError: it is unset or cannot be reached.
    """
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from trading_pipeline.adapters.stores.postgres.database import connect, unreachable
    from trading_pipeline.settings import Settings

    url = Settings().database_url
    if not url:
        raise ConfigurationError(
            "DATABASE_URL is unset; set it to the database `trading`, e.g. postgresql://host/trading"
        )
    engine = connect(url)
    try:
        yield engine
    except OperationalError as error:
        raise unreachable(url, error) from error
    except ProgrammingError as error:
        cause = str(error.orig).strip().splitlines()[0]
        raise ConfigurationError(f"the database is not ready ({cause}); run trading-pipeline migrate") from error
    finally:
        engine.dispose()


def _shortest_stored(instrument_id: InstrumentId) -> "tuple[Timeframe, pd.DataFrame]":
    """The shortest timeframe of which the database has bars, and these, with their times in UTC."""
    from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore

    with open_database() as engine:
        store = PostgresBarStore(engine)
        # Members are declared from the shortest to the longest.
        for timeframe in Timeframe:
            frame = store.frame([instrument_id], timeframe, EPOCH, _FAR)
            if len(frame):
                return timeframe, frame
    raise DataError(f"the database has no bars of {instrument_id}; backfill them first")


def _stored_bars(instrument_id: InstrumentId, timeframe: Timeframe, *, allow_zero_volume: bool) -> "ReadBars":
    """Consolidated bars of the database, and the shortest it has where those are shorter."""
    import numpy as np

    from trading_pipeline.adapters.files.bar_files import ReadBars, refuse_zero_volume
    from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore

    with open_database() as engine:
        frame = PostgresBarStore(engine).frame([instrument_id], timeframe, EPOCH, _FAR)
    if not len(frame):
        raise DataError(f"the database has no {timeframe} bars of {instrument_id}; backfill them first")
    if not allow_zero_volume:
        # pandas counts in the unit that the column happens to have, so milliseconds have to be asked for.
        opens = frame["open_time"].astype("datetime64[ms, UTC]").to_numpy("datetime64[ms]").astype(np.int64)
        refuse_zero_volume(frame["volume"], opens, f"database, {instrument_id} {timeframe}")
    shortest, finest = _shortest_stored(instrument_id)
    return ReadBars(frame, finest=finest if shortest.ms < timeframe.ms else None)
