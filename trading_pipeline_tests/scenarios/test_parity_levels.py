"""Live equals backtest where a plan is entered at several prices."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import numpy as np
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import Runner, Target
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.avi5.levels import entry_grid
from trading_pipeline.domain.strategies.framework.arrays import ArrayStrategy, BarArrays, Decisions
from trading_pipeline.domain.strategies.framework.parameters import Parameters
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.framework.trade_rules import TradeRules
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import running_exchange
from trading_pipeline_tests.testkit.bare_replay import BareReplay
from trading_pipeline_tests.testkit.execution_lab import LIFECYCLE, LIMITS

VALID_BARS = 3


@dataclass(frozen=True)
class Stairs(ArrayStrategy):
    """A signal at every third close, in three levels a third of R apart, long and short by turns."""

    name: ClassVar[str] = "stairs"
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def warmup_bars(self) -> int:
        """None: it goes by the clock."""
        return 1

    @property
    def trade_rules(self) -> TradeRules:
        """Three levels, each of which rests for three bars."""
        return TradeRules(entry_levels=3, entry_valid_bars=VALID_BARS)

    def decide(self, bars: BarArrays) -> Decisions:
        """By the number of the bar since 1970."""
        number = bars.close_time_ms // bars.timeframe.ms
        at = np.flatnonzero(number % 3 == 0)
        direction = np.where(number[at] // 3 % 2 == 0, 1, -1)
        entry = bars.close[at]
        stop = entry * (1 - direction * 0.009)
        return Decisions(at, direction, entry, stop, np.full(len(at), 50.0), {}, entry_grid(entry, stop, 3, 1 / 3))


STATES = "SELECT layer, state FROM trading.order_intents WHERE purpose = 'E' AND layer > 1"


def test_levels_fill_and_end_as_the_engines(database: Engine) -> None:
    instrument_ids = (InstrumentId("SOLUSDT.BYBIT"),)
    start, seed = datetime(2025, 6, 2, tzinfo=UTC), 7
    end = start + timedelta(days=2)
    lifecycle = replace(
        LIFECYCLE,
        targets=(Target(Decimal("0.5"), Decimal("0.4")), Target(Decimal(1), Decimal("0.3"))),
        runner=Runner(Decimal("0.3"), Decimal(2), 14),
        limits=replace(LIMITS, risk_per_trade=Decimal("0.01"), cooldown_bars=0),
    )
    made = StrategyConfig(Stairs(), (Timeframe.H1,), (), lifecycle)
    symbols = tuple(one.symbol for one in instrument_ids)
    wanted = Configuration(symbols, seed=seed, start=start, lock_step=Timeframe.H1, profile=ExecutionProfile.IDEAL)
    with running_exchange(wanted) as exchange:
        replay = BareReplay(database, exchange, [made], instrument_ids, start, start - timedelta(days=10))
        replay.run(end)
        report = replay.parity(seed, end)
    assert report.differences == ()
    with database.connect() as connection:
        ended = Counter((row.layer, row.state) for row in connection.execute(text(STATES)))
    assert {(2, "filled"), (3, "filled"), (2, "cancelled"), (3, "cancelled")} <= set(ended), ended
    assert replay.postbox.messages == []
