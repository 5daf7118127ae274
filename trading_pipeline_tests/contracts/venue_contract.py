"""What ``Venue`` promises, and the WebSockets that it describes."""

from typing import ClassVar

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import AccountId, InstrumentId, TradingMode, VenueName
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.venue import Venue


class VenueContract:
    """Give the fixture ``venue``, in simulated mode and with a key where it needs one."""

    listed: ClassVar = InstrumentId("SOLUSDT.BYBIT")
    timeframes: ClassVar = tuple(Timeframe)
    """Those that the venue under test has bars of, one way or the other."""

    def test_its_name_is_that_of_its_instruments_and_accounts(self, venue: Venue) -> None:
        name = VenueName.parse(venue.name.upper())
        assert {instrument_id.venue for instrument_id in venue.market_data().instruments()} == {name}
        assert AccountId.of(name, venue.trading().account_id(), TradingMode.SIMULATED).venue == name

    def test_its_parts_speak_of_one_market(self, venue: Venue) -> None:
        assert self.listed in venue.market_data().instruments()
        assert venue.live_market().order_book(self.listed).instrument_id == self.listed
        assert venue.clock().now() <= venue.market_data().server_time()

    def test_what_it_does_not_publish_is_made_of_what_it_publishes(self, venue: Venue) -> None:
        for made, base in venue.derivations.items():
            assert base not in venue.derivations
            assert made.ms % base.ms == 0
            assert made.ms > base.ms

    def test_bars_can_be_asked_for_whether_published_or_made(self, venue: Venue) -> None:
        market = venue.market_data()
        now = market.server_time()
        for timeframe in self.timeframes:
            assert market.bars(self.listed, timeframe, now - 3 * timeframe.duration, now)

    def test_a_stream_of_bars_says_which_it_will_bring(self, venue: Venue) -> None:
        asked = tuple(Timeframe)
        stream = venue.market_stream([self.listed], asked)
        assert stream.timeframes == tuple(one for one in asked if one not in venue.derivations)

    def test_the_parts_of_a_stream_say_together_what_it_says(self, venue: Venue) -> None:
        stream = venue.market_stream([self.listed], [Timeframe.H1])
        said = [message for part in stream.parts() for message in part.handshake_messages()]
        assert said == list(stream.handshake_messages())

    def test_a_fingerprint_tells_keys_apart_and_stays(self, venue: Venue) -> None:
        assert venue.key_fingerprint()
        assert venue.key_fingerprint() == venue.key_fingerprint()

    def test_streams_have_an_address_and_a_way_to_stay_alive(self, venue: Venue) -> None:
        for stream in (venue.market_stream([self.listed], [Timeframe.H1]), venue.account_stream()):
            assert stream.url.startswith(("ws://", "wss://"))
            assert stream.ping
            assert stream.ping_s > 0
            assert all(isinstance(message, str) for message in stream.handshake_messages())

    @pytest.mark.parametrize("raw", ["", "no json", b"\xff\xfe", "{"])
    def test_a_frame_that_cannot_be_read_is_an_error(self, venue: Venue, raw: str | bytes) -> None:
        for stream in (venue.market_stream([self.listed], [Timeframe.H1]), venue.account_stream()):
            with pytest.raises(DataError):
                stream.read(raw)


class KeyedVenueContract(VenueContract):
    """Of a venue that trades for whoever has a key: give ``keyless``, the same without one, and ``key``, its text."""

    def test_without_a_key_markets_can_be_read_and_nothing_else_works(self, keyless: Venue) -> None:
        assert keyless.market_data().instruments()
        with pytest.raises(ConfigurationError):
            keyless.key_fingerprint()
        with pytest.raises(ConfigurationError):
            keyless.trading().account_id()
        with pytest.raises(ConfigurationError):
            list(keyless.account_stream().handshake_messages())

    def test_a_fingerprint_does_not_give_the_key_away(self, venue: Venue, key: str) -> None:
        assert key not in venue.key_fingerprint()
        assert key not in repr(venue)
