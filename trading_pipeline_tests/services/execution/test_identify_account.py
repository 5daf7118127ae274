"""Whose account a run trades is asked once, and neither mode nor owner of a key ever changes unnoticed."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.venues.bybit.venue import Bybit
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.services.execution.identify_account import identify_account, register_account
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.adapters.venues.bybit.scripted_venue import Reply, ScriptedVenue, scripted_venue

PAPER = TradingMode.PAPER


@pytest.fixture
def venue() -> Iterator[ScriptedVenue]:
    """A venue that says whose key it is."""
    with scripted_venue() as venue:
        venue.script("user/query-api", Reply({"userID": 7}))
        yield venue


def bybit(venue: ScriptedVenue, key: str = "key") -> Bybit:
    return Bybit(GivenSettings(mode=PAPER, bybit_rest_url=venue.url, bybit_api_key=key, bybit_api_secret="secret"))


def test_a_key_is_asked_about_once_and_then_known(venue: ScriptedVenue, database: Engine) -> None:
    register = PostgresAccountRegister(database)
    found = [identify_account(register=register, venue=bybit(venue), mode=PAPER) for _ in range(2)]
    assert found == ["BYBIT:7:paper"] * 2
    assert len(venue.asked("user/query-api")) == 1


def test_a_key_that_was_used_in_another_mode_is_refused(venue: ScriptedVenue, database: Engine) -> None:
    register = PostgresAccountRegister(database)
    identify_account(register=register, venue=bybit(venue), mode=PAPER)
    with pytest.raises(ConfigurationError, match=r"is that of BYBIT:7:paper, but TRADING_MODE is live"):
        identify_account(register=register, venue=bybit(venue), mode=TradingMode.LIVE)


def test_a_key_that_the_venue_gives_to_another_account_is_refused(venue: ScriptedVenue, database: Engine) -> None:
    register = PostgresAccountRegister(database)
    register_account(register=register, venue=bybit(venue), mode=PAPER)
    venue.replies.clear()
    venue.script("user/query-api", Reply({"userID": 8}))
    with pytest.raises(ConfigurationError, match=r"belongs to BYBIT:8:paper, but was registered with BYBIT:7:paper"):
        register_account(register=register, venue=bybit(venue), mode=PAPER)


def test_without_a_key_there_is_no_account(venue: ScriptedVenue, database: Engine) -> None:
    with pytest.raises(ConfigurationError, match="BYBIT_API_KEY is empty"):
        identify_account(register=PostgresAccountRegister(database), venue=bybit(venue, ""), mode=PAPER)
    assert venue.requests == []


def test_a_fingerprint_does_not_give_the_key_away(venue: ScriptedVenue) -> None:
    one, other = bybit(venue, "a-key").key_fingerprint(), bybit(venue, "b-key").key_fingerprint()
    assert one != other
    assert "key" not in one
