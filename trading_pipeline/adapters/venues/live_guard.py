"""Real money needs the account's id written down by hand."""

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline.settings import Settings


def acknowledge_live(settings: Settings, trading: Trading) -> None:
    """Compare ``LIVE_TRADING_ACKNOWLEDGED`` with the account the venue reports; other modes pass.

    :raises ConfigurationError: live mode and the two differ or the acknowledgement is empty.
    :raises TemporaryVenueError: live mode and the venue cannot be asked.
    """
    if settings.mode is not TradingMode.LIVE:
        return
    account, acknowledged = trading.account_id(), settings.live_trading_acknowledged.strip()
    if not acknowledged or acknowledged != account:
        raise ConfigurationError(
            f"TRADING_MODE is live, but LIVE_TRADING_ACKNOWLEDGED is {acknowledged!r} and the key belongs to account "
            f"{account!r}; set it to that id to trade real money, or choose another mode"
        )
