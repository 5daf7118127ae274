import numpy as np

from trading_pipeline.domain.indicators.snapshot import SNAPSHOT_WARMUP, snapshot
from trading_pipeline_tests.domain.strategies.bars import random_bars


def test_a_snapshot_has_a_row_per_bar_and_a_float_column_per_indicator() -> None:
    bars = random_bars(400).set_index("open_time", drop=False)
    values = snapshot(bars)
    assert values.index.equals(bars.index)
    assert set(values.dtypes) == {np.dtype("float64")}
    assert values.iloc[-1].notna().all()


def test_short_history_is_undefined_rather_than_wrong() -> None:
    assert snapshot(random_bars(3))[["ema_12", "rsi_14", "macd_signal", "obv_100"]].isna().all(axis=None)
    assert len(snapshot(random_bars(1)[:0])) == 0


def test_after_the_warm_up_a_row_does_not_depend_on_where_the_bars_start() -> None:
    bars = random_bars(SNAPSHOT_WARMUP + 400)
    late = snapshot(bars[300:].reset_index(drop=True)).iloc[SNAPSHOT_WARMUP:]
    whole = snapshot(bars).iloc[SNAPSHOT_WARMUP + 300 :]
    np.testing.assert_allclose(late, whole, rtol=1e-7)
