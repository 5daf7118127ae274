"""Live equals backtest with several plans in one position: generated bars and real ones."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import ExitRules, Runner, Target, TrailAt
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import ArrayStrategy, BarArrays, Decisions
from trading_pipeline.domain.strategies.framework.parameters import Parameters
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import running_exchange
from trading_pipeline_tests.testkit.bare_replay import BareReplay
from trading_pipeline_tests.testkit.execution_lab import LIFECYCLE, LIMITS

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
DISTANCES = np.array([0.03, 0.012, 0.02, 0.008, 0.025])
"""Of the stops from the close, one after the other: a layer's may be tighter than the position's, or looser."""


@dataclass(frozen=True)
class Pyramid(ArrayStrategy):
    """A signal at every other close, long for twenty closes and then short."""

    name: ClassVar[str] = "pyramid"
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def warmup_bars(self) -> int:
        """None: it goes by the clock."""
        return 1

    def decide(self, bars: BarArrays) -> Decisions:
        """By the number of the bar since 1970."""
        number = bars.close_time_ms // bars.timeframe.ms
        at = np.flatnonzero(number % 2 == 0)
        direction = np.where(number[at] // 20 % 2 == 0, 1, -1)
        away = DISTANCES[number[at] // 2 % len(DISTANCES)] * bars.close[at]
        return Decisions(at, direction, bars.close[at], bars.close[at] - direction * away, np.full(len(at), 50.0))


def plan(timeframe: Timeframe, risk: str, runner: Runner, targets: dict[str, str]) -> StrategyConfig:
    """Three layers at most; ``targets`` has parts by multiples of R."""
    lifecycle = replace(
        LIFECYCLE,
        targets=tuple(Target(Decimal(r), Decimal(part)) for r, part in targets.items()),
        runner=runner,
        limits=replace(LIMITS, risk_per_trade=Decimal(risk), cooldown_bars=0),
        exit_rules=ExitRules(max_layers=3),
    )
    return StrategyConfig(Pyramid(), (timeframe,), (), lifecycle)


HAPPENED = {
    "layers": "SELECT count(*) FROM trading.order_intents WHERE purpose = 'E' AND layer > 1 AND state = 'filled'",
    "full": "SELECT count(*) FROM trading.trade_plans WHERE status_reason LIKE 'symbol_busy: % of 3 layers'",
    "without margin": "SELECT count(*) FROM trading.trade_plans WHERE status_reason LIKE 'min_%'",
    "tightened": "SELECT count(*) FROM trading.positions JOIN trading.order_intents USING (position_id)"
    " WHERE purpose = 'E' AND layer = 1 AND stop_loss <> initial_stop_price",
    "after a target": "SELECT count(*) FROM trading.fills entry JOIN trading.order_intents i USING (order_link_id)"
    " WHERE i.purpose = 'E' AND EXISTS (SELECT FROM trading.fills target JOIN trading.order_intents o"
    " USING (order_link_id) WHERE o.purpose = 'TP1' AND target.position_id = entry.position_id"
    " AND target.sequence < entry.sequence)",
    "behind the close": "SELECT count(*) FROM trading.fills JOIN trading.order_intents USING (order_link_id)"
    " WHERE purpose LIKE 'TP%' AND NOT is_maker",
    "ran": "SELECT count(*) FROM trading.positions WHERE exit_reason = 'trailing_stop' AND EXISTS ("
    "SELECT FROM trading.order_intents i WHERE i.position_id = positions.position_id AND purpose = 'E' AND layer > 1)",
}


def happened(database: Engine) -> Counter[str]:
    """How often what layers are about has happened."""
    with database.connect() as connection:
        return Counter({name: connection.execute(text(query)).scalar_one() for name, query in HAPPENED.items()})


RUNNING = plan(Timeframe.H1, "0.01", Runner(Decimal("0.4"), Decimal(2), 14), {"0.3": "0.3", "0.8": "0.3"})
SPENT = plan(Timeframe.H1, "0.05", Runner(Decimal(0), Decimal(3), 14), {"0.5": "0.4", "1": "0.3", "2": "0.3"})


@pytest.mark.parametrize(
    ("made", "lasts", "expected"),
    [
        (RUNNING, timedelta(days=2.5), {"tightened", "after a target", "full", "ran"}),
        pytest.param(SPENT, timedelta(days=4), {"without margin", "behind the close"}, marks=pytest.mark.proof),
    ],
    ids=["two targets and a runner", "three targets and no margin left"],
)
def test_layers_of_generated_bars_are_the_engines(
    database: Engine, made: StrategyConfig, lasts: timedelta, expected: set[str]
) -> None:
    instrument_ids, start, seed = (
        (InstrumentId("ADAUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT")),
        datetime(2025, 6, 2, tzinfo=UTC),
        7,
    )
    end = start + lasts
    with running_exchange(
        Configuration(
            tuple(one.symbol for one in instrument_ids),
            seed=seed,
            start=start,
            lock_step=Timeframe.H1,
            profile=ExecutionProfile.IDEAL,
        )
    ) as exchange:
        replay = BareReplay(database, exchange, [made], instrument_ids, start, start - timedelta(days=10))
        replay.run(end)
        report = replay.parity(seed, end)
    assert report.differences == ()
    counted = happened(database)
    assert {name for name in {"layers", *expected} if not counted[name]} == set(), f"choose other bars: {counted}"
    assert replay.postbox.messages == []


def test_layers_of_real_bars_are_the_engines(database: Engine) -> None:
    instrument_ids, start = (InstrumentId("SOLUSDT.BYBIT"),), datetime(2026, 1, 29, tzinfo=UTC)
    end = start + timedelta(hours=14)
    runner = Runner(Decimal("0.5"), Decimal(2), 14, trail_at=TrailAt.FINEST)
    with running_exchange(
        Configuration(
            tuple(one.symbol for one in instrument_ids),
            bars=SAMPLES,
            start=start,
            lock_step=Timeframe.M15,
            profile=ExecutionProfile.IDEAL,
        )
    ) as exchange:
        made = plan(Timeframe.M15, "0.01", runner, {"0.25": "0.5"})
        replay = BareReplay(database, exchange, [made], instrument_ids, start, start - timedelta(days=5))
        replay.run(end)
        report = replay.parity(SAMPLES, end)
    assert report.differences == ()
    counted = happened(database)
    expected = ("layers", "tightened", "after a target", "ran")
    assert {name for name in expected if not counted[name]} == set(), f"choose other bars: {counted}"
    assert replay.postbox.messages == []
