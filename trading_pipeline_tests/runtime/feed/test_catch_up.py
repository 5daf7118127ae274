"""Bars that closed while nobody listened."""

from datetime import timedelta

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.feed.catch_up import missed_bars
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

HOUR = timedelta(hours=1)


class Delisted(RecordedMarketData):
    """Serves BTCUSDT alone."""

    def bars(self, instrument_id: str, timeframe: Timeframe, start: object, end: object) -> list[Bar]:
        """Refuse the others."""
        if instrument_id != "BTCUSDT.BYBIT":
            raise ConfigurationError("instrument invalid")
        return super().bars(instrument_id, timeframe, start, end)  # type: ignore[arg-type]


def test_only_the_last_closed_bar_is_timely() -> None:
    recorded = walk(count=5)
    missed = missed_bars(
        RecordedMarketData(recorded, START + 5 * HOUR), {("BTCUSDT.BYBIT", Timeframe.H1): START}, START + 5 * HOUR
    )
    assert missed.older == recorded[:4]
    assert missed.newest == recorded[4:]


def test_nothing_older_than_the_last_sound_close_is_asked_for() -> None:
    venue = RecordedMarketData(walk(count=5), START + 5 * HOUR)
    missed_bars(venue, {("BTCUSDT.BYBIT", Timeframe.H1): START + 3 * HOUR}, START + 5 * HOUR)
    assert venue.requests == [("BTCUSDT.BYBIT", START + 3 * HOUR, START + 5 * HOUR)]


def test_a_delisted_symbol_does_not_keep_the_others_waiting() -> None:
    wanted = {("GONEUSDT.BYBIT", Timeframe.H1): START, ("BTCUSDT.BYBIT", Timeframe.H1): START}
    missed = missed_bars(Delisted(walk(count=1), START + HOUR), wanted, START + HOUR)
    assert len(missed.newest) == 1
    assert missed.refused == ["GONEUSDT.BYBIT 1h: instrument invalid"]
