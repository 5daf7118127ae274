"""Which account and instruments the feed starts with, and which it refuses to start with."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NoReturn

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.instruments import Instrument, InstrumentStatus
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.runtime.feed.venue_check import check_venue
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.testkit.builders import ACCOUNT, START, instrument, walk
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fake_venue import FakeVenue
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

TRADED, GONE = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("GONEUSDT.BYBIT")


@dataclass(frozen=True)
class Answering(Venue):
    """A venue of which the key and the list of instruments are asked."""

    name = "bybit"
    account: Trading = field(default_factory=lambda: FakeVenue(FakeClock(START), {}))
    changed: dict[str, Instrument] = field(default_factory=dict)

    def market_data(self) -> RecordedMarketData:
        """Lists three instruments."""
        return RecordedMarketData([], START, changed=self.changed)

    def trading(self) -> Trading:
        """The lab's account."""
        return self.account

    def key_fingerprint(self) -> str:
        """Of its one key."""
        return "fingerprint"

    def live_market(self) -> NoReturn:
        """Not asked."""
        raise NotImplementedError

    clock = market_stream = account_stream = live_market


class Hedged(FakeVenue):
    """An account of a kind that is not supported."""

    def require_tradable(self, instrument_ids: Sequence[str]) -> None:
        """Refuse the first."""
        raise ConfigurationError(f"{instrument_ids[0]} is in hedge mode")


def checked(
    engine: Engine, *instrument_ids: InstrumentId, venue: Venue | None = None
) -> tuple[AccountId, Sequence[InstrumentId]]:
    universe = Universe("bybit", START, instrument_ids, (Timeframe.H1,))
    return check_venue(
        GivenSettings(), universe, venue or Answering(), PostgresAccountRegister(engine), PostgresRawBarStore(engine)
    )


def test_an_unsupported_account_kind_is_refused_by_name(database: Engine) -> None:
    with pytest.raises(ConfigurationError, match=r"BTCUSDT\.BYBIT is in hedge mode"):
        checked(database, TRADED, venue=Answering(Hedged(FakeClock(START), {})))


def test_the_account_behind_the_key_and_the_listed_instruments_are_found(database: Engine) -> None:
    assert checked(database, TRADED) == (ACCOUNT, (TRADED,))


def test_an_instrument_never_listed_is_a_slip(database: Engine) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"bybit trades no GONEUSDT\.BYBIT, (did you mean|there are) .*; correct symbols in universe\.yaml",
    ):
        checked(database, TRADED, GONE)


def test_an_instrument_that_is_no_longer_listed_is_left_out(database: Engine) -> None:
    heard = walk(GONE, START - timedelta(hours=3), count=2)
    PostgresRawBarStore(database).append_raw(heard, BarSource.WEBSOCKET)
    assert checked(database, TRADED, GONE)[1] == (TRADED,)
    with pytest.raises(ConfigurationError, match="bybit trades no GONEUSDT"):
        checked(database, GONE)


def test_an_instrument_that_is_being_settled_is_left_out(database: Engine) -> None:
    PostgresRawBarStore(database).append_raw(walk(GONE, START - timedelta(hours=3), count=2), BarSource.WEBSOCKET)
    settled = replace(instrument(GONE), status=InstrumentStatus.DELIVERING)
    assert checked(database, TRADED, GONE, venue=Answering(changed={GONE: settled}))[1] == (TRADED,)
