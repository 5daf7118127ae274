"""What ``MarketData`` promises, whoever keeps it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.written_bars import BETWEEN, WrittenBars
from trading_pipeline.ports.venue.market_data import MarketData


class MarketDataContract:
    """For a venue that lists ``listed`` and has ``count`` bars of it without a hole, up to its own time.

    Give the fixture ``market``; its clock has to stand within a bar.
    """

    listed: ClassVar = InstrumentId("SOLUSDT.BYBIT")
    unlisted: ClassVar = InstrumentId("NOSUCHUSDT.BYBIT")
    timeframe: ClassVar = Timeframe.M15
    count: ClassVar = 1_200
    """More than the venue tells at once, where it limits that."""

    @pytest.fixture
    def close(self, market: MarketData) -> datetime:
        """The newest instant at which a bar closed."""
        now = market.server_time()
        close = self.timeframe.floor(now)
        assert close < now, "the venue's clock stands at a close, and no bar is forming"
        return close

    def test_time_is_aware_utc_and_does_not_run_back(self, market: MarketData) -> None:
        first, second = market.server_time(), market.server_time()
        assert first.utcoffset() == timedelta(0)
        assert first <= second

    def test_history_comes_oldest_first_without_a_hole_however_long_it_is(
        self, market: MarketData, close: datetime
    ) -> None:
        step = self.timeframe.duration
        found = market.bars(self.listed, self.timeframe, close - self.count * step, close)
        assert [bar.open_time for bar in found] == [close - place * step for place in range(self.count, 0, -1)]

    def test_bars_are_those_that_were_asked_for(self, market: MarketData, close: datetime) -> None:
        found = market.bars(self.listed, self.timeframe, close - 3 * self.timeframe.duration, close)
        assert {(bar.instrument_id, bar.timeframe) for bar in found} == {(self.listed, self.timeframe)}
        assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in found)

    def test_bars_by_the_thousand_are_the_same_bars(self, market: MarketData, close: datetime) -> None:
        step = self.timeframe.duration
        asked = (self.listed, self.timeframe, close - self.count * step, close + step)
        written = market.written_bars(*asked)
        assert len(written) == self.count
        objects = WrittenBars.of_bars(self.listed, self.timeframe, market.bars(*asked))
        assert written.open_ms.tolist() == objects.open_ms.tolist()
        assert [tuple(map(Decimal, row.split(BETWEEN))) for row in written.numbers] == [
            tuple(map(Decimal, row.split(BETWEEN))) for row in objects.numbers
        ]

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [(-3, -1, [-3, -2]), (-2, -1, [-2]), (-2, -2, []), (-3.5, -1, [-3, -2]), (-3, -1.5, [-3, -2])],
        ids=["start in, end out", "one bar", "nothing", "start within a bar", "end within a bar"],
    )
    def test_a_range_takes_the_bars_that_open_in_it(
        self, market: MarketData, close: datetime, start: float, end: float, expected: list[int]
    ) -> None:
        step = self.timeframe.duration
        found = market.bars(self.listed, self.timeframe, close + start * step, close + end * step)
        assert [bar.open_time for bar in found] == [close + place * step for place in expected]

    def test_the_forming_bar_is_never_told(self, market: MarketData, close: datetime) -> None:
        step = self.timeframe.duration
        found = market.bars(self.listed, self.timeframe, close - step, close + 2 * step)
        assert [bar.close_time for bar in found] == [close]

    def test_the_future_is_empty(self, market: MarketData, close: datetime) -> None:
        step = self.timeframe.duration
        assert market.bars(self.listed, self.timeframe, close + 5 * step, close + 9 * step) == []

    def test_asking_twice_gives_one_answer(self, market: MarketData, close: datetime) -> None:
        start = close - 5 * self.timeframe.duration
        assert market.bars(self.listed, self.timeframe, start, close) == market.bars(
            self.listed, self.timeframe, start, close
        )

    def test_an_instrument_that_is_not_listed_is_refused_by_name(self, market: MarketData, close: datetime) -> None:
        with pytest.raises(ConfigurationError, match=self.unlisted.symbol):
            market.bars(self.unlisted, self.timeframe, close - 5 * self.timeframe.duration, close)

    def test_instruments_are_found_by_identity_and_have_steps_to_round_to(self, market: MarketData) -> None:
        found = market.instruments()
        assert self.listed in found
        assert self.unlisted not in found
        for instrument_id, instrument in found.items():
            assert instrument.instrument_id == instrument_id
            assert min(instrument.price_increment, instrument.quantity_increment, instrument.min_quantity) > 0
            assert instrument.settlement_currency

    def test_every_instrument_tells_its_fees_as_fractions(self, market: MarketData) -> None:
        for instrument in market.instruments().values():
            assert -instrument.taker_fee <= instrument.maker_fee <= instrument.taker_fee < Decimal("0.1")

    def test_every_listed_instrument_can_be_asked_about(self, market: MarketData, close: datetime) -> None:
        for instrument_id in market.instruments():
            assert len(market.bars(instrument_id, self.timeframe, close - self.timeframe.duration, close)) <= 1


class PartlyPublishedContract(MarketDataContract):
    """Of a venue that lacks the bars of ``unpublished``."""

    unpublished: ClassVar[Timeframe]

    def test_a_timeframe_that_is_not_published_is_refused_by_name(self, market: MarketData, close: datetime) -> None:
        with pytest.raises(ConfigurationError, match=self.unpublished.value):
            market.bars(self.listed, self.unpublished, close - 5 * self.unpublished.duration, close)


def a_venue_time_within_a_bar() -> datetime:
    """For fakes: five minutes after a close of every timeframe up to 8h."""
    return datetime(2025, 6, 1, 0, 5, tzinfo=UTC)
