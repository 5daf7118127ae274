"""What REST says of bars: of those that closed while nobody listened, and of the newest once more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.runtime.feed.coverage import Series
from trading_pipeline.services.market_data.verify_bars import bars_told_otherwise

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Missed:
    """Missed bars, by what they are still good for.

    :param newest: the last bar closed of its series: a decision taken on it is still valid, so it counts as live.
    :param older: history; the decisions it would have led to have expired.
    :param refused: series the venue does not serve (any more), with its reason.
    :param answered: series that it told all it has of.
    """

    older: list[Bar]
    newest: list[Bar]
    refused: list[str]
    answered: list[Series]


def missed_bars(market_data: MarketData, missing: Mapping[Series, datetime], now: datetime) -> Missed:
    """Ask for every series from its last sound close on.

    :param missing: series to the closing instant (UTC) up to which it is complete.
    :param now: venue time, UTC.
    :raises TemporaryVenueError: the venue does not answer.
    """
    missed = Missed([], [], [], [])
    for (instrument_id, timeframe), through in missing.items():
        # The bar that still forms is left out by the venue's port; this names the last one that has closed.
        newest_close = timeframe.floor(now)
        try:
            bars = market_data.bars(instrument_id, timeframe, through, newest_close)
        except ConfigurationError as error:
            # one delisted instrument must not keep the others waiting
            missed.refused.append(f"{instrument_id} {timeframe}: {error}")
            continue
        missed.answered.append((instrument_id, timeframe))
        for bar in bars:
            # A later close than this one has not happened, so no newer bar can have made its decision stale.
            kind = missed.newest if bar.close_time == newest_close else missed.older
            kind.append(bar)
    return missed


def corrections(store: RawBarStore, market_data: MarketData, series: Series, now: datetime) -> list[Bar]:
    """The newest bars of a series where REST says otherwise than what is stored; none of one that it refuses.

    :param now: venue time, UTC.
    :raises TemporaryVenueError: the venue does not answer.
    """
    try:
        return bars_told_otherwise(store, market_data, *series, now)
    except ConfigurationError as error:
        # one delisted instrument must not keep the others waiting
        _log.error("bars refused", cause=f"{series[0]} {series[1]}: {error}")
        return []
