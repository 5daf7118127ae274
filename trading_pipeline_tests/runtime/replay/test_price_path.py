"""What a backtest is given of the simulated venue: its very bars and rates."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.runtime.replay.price_path import base_bars, recorded_funding
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan

BTC, ADA = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("ADAUSDT.BYBIT")


def plan_of(bars_dir: Path | None, seed: int = 7) -> ReplayPlan:
    return ReplayPlan(bars_dir, seed, (BTC, ADA), datetime(2026, 1, 8, tzinfo=UTC), 1, 0, 3000, Path("state"))


def test_prices_are_those_of_the_recorded_files(samples: Path) -> None:
    walked = base_bars(plan_of(samples / "bars_5m"))
    assert set(walked) == {BTC, ADA}
    recorded = pd.read_csv(samples / "bars_5m" / "ADAUSDT_5m.csv.gz").set_index("open_time_ms")
    shown = walked[ADA].assign(open_time_ms=walked[ADA]["open_time"].astype("int64") // 1000).set_index("open_time_ms")
    both = recorded.index.intersection(shown.index)
    assert len(both) > 1_000
    for column in ("open", "high", "low", "close", "volume"):
        assert shown.loc[both, column].tolist() == recorded.loc[both, column].tolist()
    assert str(walked[ADA]["open_time"].dt.tz) == "UTC"
    assert set(walked[ADA]["close_time"] - walked[ADA]["open_time"]) == {pd.Timedelta(minutes=5)}


def test_generated_prices_are_those_of_the_seed() -> None:
    first, again, other = (base_bars(plan_of(None, seed))[BTC] for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first, again)
    assert not first["close"].equals(other["close"])
    assert first["open_time"].iloc[0] < datetime(2026, 1, 7, tzinfo=UTC)
    assert first["close_time"].iloc[-1] >= datetime(2026, 1, 9, tzinfo=UTC)
    assert set(first["close_time"] - first["open_time"]) == {pd.Timedelta(minutes=1)}


def test_rates_are_those_beside_the_recorded_bars(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT_funding.csv").write_text("funding_time_ms,funding_rate\n1000,0.0001\n2000,-0.0002\n")
    found = recorded_funding(tmp_path, [BTC, ADA])
    assert set(found) == {BTC}
    assert found[BTC].time_ms.tolist() == [1000, 2000]
    assert found[BTC].rate.tolist() == pytest.approx([0.0001, -0.0002])


def test_generated_bars_have_no_recorded_rates() -> None:
    assert recorded_funding(None, [BTC]) == {}
