"""What the plain backtest is asked about a replay: the replay's own configuration, bars, prices and terms."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.venues.bybit.venue import Bybit
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import Addresses, running_exchange
from trading_pipeline.runtime.replay.replay_plan import ReplayedStrategy, ReplayPlan, prepare
from trading_pipeline.runtime.replay.replay_question import replay_question
from trading_pipeline.runtime.replay.replaying import Replayed
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.testkit.builders import walk

CONFIG = Path(__file__).resolve().parents[3] / "config"
BTC = InstrumentId("BTCUSDT.BYBIT")
START = datetime(2025, 6, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Exchange:
    """The exchange of a replay, which still answers."""

    at: Addresses

    def venue(self) -> Bybit:
        """With the replay's key."""
        return Bybit(
            GivenSettings(
                bybit_rest_url=self.at.rest_url, bybit_api_key=self.at.api_key, bybit_api_secret=self.at.api_secret
            )
        )


@dataclass(frozen=True)
class System:
    """As much of a running system as is asked."""

    exchange: Exchange | None


@dataclass(frozen=True)
class Done:
    """As much of a finished replay as is asked."""

    engine: Engine
    universe: Universe
    system: System


@pytest.fixture
def plan(tmp_path: Path) -> ReplayPlan:
    state = tmp_path / "state"
    state.mkdir()
    return ReplayPlan(None, 7, (BTC,), START, 1, 60, 3000, state, (Timeframe.H4,), ReplayedStrategy("rsi"))


def done(engine: Engine, plan: ReplayPlan, exchange: Exchange | None) -> Replayed:
    return cast("Replayed", Done(engine, prepare(plan, CONFIG), System(exchange)))


def test_everything_but_the_venues_terms_is_the_replays_own(database: Engine, plan: ReplayPlan) -> None:
    store = PostgresBarStore(database)
    store.append_raw(walk(BTC, START - timedelta(days=30), 180, Timeframe.H4), BarSource.FILE)
    store.consolidate([BTC], Timeframe.H4, START - timedelta(days=40), plan.end)
    with running_exchange(
        Configuration(("BTCUSDT",), seed=7, start=START, lock_step=Timeframe.H4, profile=ExecutionProfile.IDEAL)
    ) as at:
        question = replay_question(plan, done(database, plan, Exchange(at)))
    assert [one.strategy.name for one in question.plans] == ["rsi"]
    assert len(question.bars[Timeframe.H4][BTC]) == 180
    assert (question.start, question.end) == (START - timedelta(milliseconds=1), START + timedelta(days=1))
    assert question.capital == 10_000.0
    assert question.steps[BTC].price_increment == 0.1
    assert question.path[BTC]["close_time"].max() >= plan.end
    assert question.given == ("ticks and lots of the venue",)


def test_a_replay_without_an_exchange_of_its_own_is_not_compared(database: Engine, plan: ReplayPlan) -> None:
    with pytest.raises(ConfigurationError, match="without its exchange"):
        replay_question(plan, done(database, plan, None))
