"""What the venue says of the key and the instruments, asked before the first frame."""

import time

import structlog

from trading_pipeline.adapters.venues.live_guard import acknowledge_live
from trading_pipeline.domain.model.backfills import nearest_of
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.instruments import InstrumentStatus
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.stores.execution.account_register import AccountRegister
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.runtime.feed.backoff import UNANSWERED_S
from trading_pipeline.services.execution.identify_account import register_account
from trading_pipeline.settings import Settings

_log = structlog.get_logger(__name__)


def check_venue(
    settings: Settings, universe: Universe, venue: Venue, register: AccountRegister, store: RawBarStore
) -> tuple[AccountId, tuple[InstrumentId, ...]]:
    """Find wrong keys and instruments before the first frame; a venue that is away is waited for.

    :returns: the account behind the key, and the instruments that the venue trades.
    :raises ConfigurationError: the venue refuses the key, names another account than before, or does not trade an
        instrument and never did; or the account is of a kind that is not supported.
    """
    while True:
        try:
            # Before anything is written: real money needs somebody who wrote the account down.
            acknowledge_live(settings, venue.trading())
            account_id = register_account(register=register, venue=venue, mode=settings.mode)
            instruments = venue.market_data().instruments()
            listed = {one for one, told in instruments.items() if told.status is InstrumentStatus.TRADING}
            traded = tuple(one for one in universe.instrument_ids if one in listed)
            venue.trading().require_tradable(traded)
            break
        except TemporaryVenueError as error:
            _log.warning("the venue does not answer yet", cause=str(error))
            time.sleep(UNANSWERED_S)
    absent = [one for one in universe.instrument_ids if one not in listed]
    # One that was heard before has been delisted; one that never was is a misspelt symbol.
    unheard = [one for one in absent if store.newest_raw_close(one, universe.finest) is None]
    if unheard or not traded:
        told = "; ".join(f"no {one}, {nearest_of(one, listed)}" for one in unheard or absent)
        raise ConfigurationError(f"{universe.venue} trades {told}; correct symbols in universe.yaml")
    for instrument_id in absent:
        # one instrument that is gone must not leave the others without bars, and positions without fills
        _log.error("no longer listed, nothing of it is collected any more", instrument=instrument_id)
    _log.info("venue checked", account=account_id, instruments=len(traded))
    return account_id, traded
