import numpy as np
import pandas as pd

from trading_pipeline.domain.indicators.snapshot import SNAPSHOT_WARMUP, snapshot
from trading_pipeline_tests.domain.indicators.ticks import tick_walk
from trading_pipeline_tests.domain.strategies.bars import bars_in_ticks, random_bars


def test_a_snapshot_has_a_row_per_bar() -> None:
    bars = random_bars(400).set_index("open_time", drop=False)
    values = snapshot(bars)
    assert values.index.equals(bars.index)
    assert set(values.dtypes) == {np.dtype("float64")}
    assert values.iloc[-1].notna().all()


def test_short_history_is_undefined_rather_than_wrong() -> None:
    assert snapshot(random_bars(3))[["ema_12", "rsi_14", "macd_signal", "obv_100"]].isna().all(axis=None)
    assert len(snapshot(random_bars(1)[:0])) == 0


def test_past_the_warm_up_starts_do_not_matter() -> None:
    bars = random_bars(SNAPSHOT_WARMUP + 400)
    late = snapshot(bars[300:].reset_index(drop=True)).iloc[SNAPSHOT_WARMUP:]
    whole = snapshot(bars).iloc[SNAPSHOT_WARMUP + 300 :]
    np.testing.assert_allclose(late, whole, rtol=1e-7)


def test_later_bars_change_no_bit_of_a_row_whatever_their_digits() -> None:
    # The walk goes on in ticks a hundred times finer, as after a venue's change of the tick.
    coarse, fine = bars_in_ticks(tick_walk(0), -2), bars_in_ticks(tick_walk(2), -4)
    whole = snapshot(pd.concat([coarse, fine], ignore_index=True))
    pd.testing.assert_frame_equal(snapshot(coarse), whole[: len(coarse)], check_exact=True)


def test_a_plain_average_has_the_same_bits_wherever_the_bars_start() -> None:
    bars = random_bars(3_000)
    whole, late = snapshot(bars)["sma_200"], snapshot(bars[1_234:])["sma_200"]
    pd.testing.assert_series_equal(late[199:], whole[1_234 + 199 :], check_exact=True)
