import numpy as np

from trading_pipeline.domain.indicators.supertrend import supertrend
from trading_pipeline_tests.domain.strategies.bars import bars_closing, random_bars


def test_the_trend_follows_a_clear_move_and_turns_with_it() -> None:
    bars = bars_closing([100.0 + i for i in range(40)] + [139.0 - 2 * i for i in range(40)])
    band, side = supertrend(*(bars[name].to_numpy() for name in ("high", "low", "close")), 10, 3.0)
    assert side[:10].tolist() == [0] * 10
    assert (side[10:39] == 1).all()
    assert (side[-20:] == -1).all()
    assert np.isnan(band[9])


def test_the_band_only_tightens_within_a_trend() -> None:
    bars = random_bars(1000)
    close = bars["close"].to_numpy()
    band, side = supertrend(bars["high"].to_numpy(), bars["low"].to_numpy(), close, 10, 3.0)
    known = slice(10, None)
    assert ((close[known] - band[known]) * side[known] >= 0).all()
    same = side[11:] == side[10:-1]
    assert (np.diff(band[known])[same] * side[11:][same] >= 0).all()


def test_the_first_side_is_forgotten() -> None:
    bars = random_bars(1000)
    columns = [bars[name].to_numpy() for name in ("high", "low", "close")]
    whole = supertrend(*columns, 10, 3.0)[1]
    late = supertrend(*(values[137:] for values in columns), 10, 3.0)[1]
    assert late[300:].tolist() == whole[437:].tolist()


def test_too_few_bars_have_no_trend() -> None:
    band, side = supertrend(*np.ones((3, 5)), 10, 3.0)
    assert (side == 0).all()
    assert np.isnan(band).all()
