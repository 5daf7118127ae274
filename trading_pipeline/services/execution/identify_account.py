"""Whose account a run trades."""

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import AccountId, TradingMode, VenueName
from trading_pipeline.ports.stores.execution.account_register import AccountRegister
from trading_pipeline.ports.venue.venue import Venue


def identify_account(*, register: AccountRegister, venue: Venue, mode: TradingMode) -> AccountId:
    """The account behind the venue's key; the venue is asked once for each key.

    :raises ConfigurationError: there is no key, or it was used in another mode.
    :raises TemporaryVenueError: the key is new and the venue does not answer.
    """
    known = register.of_key(venue.key_fingerprint())
    if known is None:
        return register_account(register=register, venue=venue, mode=mode)
    # Venues number the accounts of their worlds apart: a key that turns up in another mode was mixed up.
    if known.mode is not mode:
        raise ConfigurationError(f"the API key is that of {known}, but TRADING_MODE is {mode}; set the mode or the key")
    return known


def register_account(*, register: AccountRegister, venue: Venue, mode: TradingMode) -> AccountId:
    """Ask the venue whose key it is, and remember the answer.

    :raises ConfigurationError: there is no key, or it was another account's before.
    :raises TemporaryVenueError: the venue does not answer.
    """
    account_id = AccountId.of(VenueName(venue.name.upper()), venue.trading().account_id(), mode)
    register.register(account_id, venue.key_fingerprint())
    return account_id
