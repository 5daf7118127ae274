"""What a replay asks the plain backtest: its own configuration, bars, prices and funding."""

from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.adapters.stores.research.calibration_store import PostgresCalibrationStore
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.replay.price_path import base_bars, recorded_funding
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replaying import Replayed
from trading_pipeline.services.research.account_backtest import steps_of
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.stored_bars import stored_bars
from trading_pipeline.services.strategy.book_evidence import BookEvidence


def replay_question(plan: ReplayPlan, done: Replayed) -> ParityQuestion:
    """The replayed time, while the replay's system still runs.

    :raises ConfigurationError: it traded on no exchange of its own, whose ticks and lots could be read.
    :raises DataError: a stored bar breaks the schema of bars.
    """
    if done.system.exchange is None:
        raise ConfigurationError("a replay without its exchange cannot be compared")
    instruments = done.system.exchange.venue().market_data().instruments()
    return ParityQuestion(
        plans=load_strategies(plan.config_dir),
        bars=stored_bars(
            PostgresBarStore(done.engine),
            plan.instrument_ids,
            done.universe.timeframes,
            done.universe.history_start,
            plan.end,
        ),
        start=plan.since,
        end=plan.end,
        capital=float(plan.balance),
        steps=steps_of(instruments, plan.instrument_ids),
        path=base_bars(plan),
        funding=recorded_funding(plan.bars_dir, plan.instrument_ids),
        holes=done.universe.holes.policy,
        books=BookEvidence(PostgresBookSampleStore(done.engine), PostgresCalibrationStore(done.engine)),
        given=("ticks and lots of the venue",),
    )
