"""Whether the newest tickers are of today's market."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.tickers import Ticker
from trading_pipeline.ports.stores.market_data.ticker_store import TickerStore

MOST_AWAY = Decimal("0.1")
"""Of the mark from the index, a fraction: venues hold the mark within a few percent."""


def judge_tickers(
    store: TickerStore, instrument_ids: Sequence[InstrumentId], now: datetime, max_age: timedelta
) -> Mapping[InstrumentId, str]:
    """By instrument, what is wrong with its newest ticker; those without a fault are left out.

    :param now: venue time, UTC.
    """
    newest = store.newest(instrument_ids)
    found = {}
    for instrument_id in instrument_ids:
        ticker = newest.get(instrument_id)
        faults = ["no ticker was ever stored"] if ticker is None else list(_faults(ticker, now, max_age))
        if faults:
            found[instrument_id] = "; ".join(faults)
    return found


def _faults(ticker: Ticker, now: datetime, max_age: timedelta) -> Iterator[str]:
    if now - ticker.at > max_age:
        yield f"none since {ticker.at:%Y-%m-%d %H:%M:%S} UTC"
    if min(ticker.bid_price, ticker.ask_price, ticker.mark_price, ticker.index_price, ticker.last_price) <= 0:
        yield "a price is not above 0"
    # Only of prices that can be: the comparisons below would divide by zero or repeat the fault above.
    elif ticker.bid_price > ticker.ask_price:
        yield f"the bid {ticker.bid_price} lies above the ask {ticker.ask_price}"
    elif abs(ticker.mark_price / ticker.index_price - 1) > MOST_AWAY:
        yield f"the mark {ticker.mark_price} lies more than {MOST_AWAY:.0%} from the index {ticker.index_price}"
