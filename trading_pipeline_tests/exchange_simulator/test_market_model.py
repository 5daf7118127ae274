import numpy as np
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.market_model import EPOCH, generate


def bytes_of(bars: BarSeries) -> bytes:
    """Of the last sixty days, which nothing before them leaves as they are."""
    count = len(bars.open_ms)
    series = bars.part(max(0, count - 60 * 1440), count)
    columns = (series.open_ms, series.open, series.high, series.low, series.close, series.volume, series.turnover)
    return b"".join(np.asarray(column[:], np.int64).tobytes() for column in columns)


def test_same_seed_and_symbol_give_the_same_bars() -> None:
    assert bytes_of(generate("BTCUSDT", 7)) == bytes_of(generate("BTCUSDT", 7))


def test_bars_that_are_not_kept_change_none_of_those_that_are() -> None:
    whole, half = generate("BTCUSDT", 7), generate("BTCUSDT", 7, to_ms(EPOCH) + 100 * 86_400_000)
    assert len(half.open_ms) == 5 * (100 * 288 + 1)
    assert bytes_of(half) == bytes_of(whole.part(0, len(half.open_ms)))


@pytest.mark.parametrize(("symbol", "seed"), [("SOLUSDT", 7), ("BTCUSDT", 8)])
def test_another_seed_or_symbol_gives_other_bars(symbol: str, seed: int) -> None:
    assert bytes_of(generate("BTCUSDT", 7)) != bytes_of(generate(symbol, seed))


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ADAUSDT", "DOGEUSDT", "NEWCOINUSDT"])
def test_bars_are_sound_and_reach_over_two_years(symbol: str) -> None:
    series = generate(symbol, 0)
    series = series.part(0, len(series.open_ms))
    assert (series.low <= np.minimum(series.open, series.close)).all()
    assert (series.high >= np.maximum(series.open, series.close)).all()
    assert (series.low > 0).all()
    assert (series.volume > 0).all()
    assert series.first_ms == to_ms(EPOCH)
    assert series.end_ms - series.first_ms > 730 * 86_400_000


@pytest.mark.parametrize("symbol", ["BTCUSDT", "SOLUSDT", "ADAUSDT"])
def test_days_are_lively_but_not_wild(symbol: str) -> None:
    bars = generate(symbol, 0)
    opens = np.arange(0, len(bars.open_ms), 1440)
    days = bars.merged(opens, np.append(opens[1:], len(bars.open_ms)))
    reach = days.high / days.low - 1
    assert 0.02 < np.median(reach) < 0.10


def test_name_that_is_no_symbol_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'BTC-PERP' is not tradable"):
        generate("BTC-PERP", 0)
