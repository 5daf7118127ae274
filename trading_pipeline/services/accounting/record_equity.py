"""Keep readings of the account's money."""

from datetime import datetime

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.ports.stores.execution.risk_store import EquityLog
from trading_pipeline.ports.venue.trading import Trading


def record_equity(*, trading: Trading, equity: EquityLog) -> Wallet:
    """Read the wallet and store the reading."""
    wallet = trading.wallet()
    equity.record(wallet)
    return wallet


def ensure_day_start(*, trading: Trading, equity: EquityLog, now: datetime) -> Wallet:
    """The first reading since UTC midnight, taken now when there is none.

    The daily loss limit is measured from it, so it has to exist before the first entry of the day.

    :param now: venue time.
    """
    # The loss is measured from the day's first reading; one taken at the first loss would forgive it.
    first = equity.first_since(day_of(now))
    return first if first is not None else record_equity(trading=trading, equity=equity)
