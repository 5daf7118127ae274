"""The database goes away in the middle of a wave: the run says so, and the next leaves what an undisturbed one does."""

from dataclasses import dataclass

import dagster as dg
import pytest
from sqlalchemy import Engine, create_engine, text

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline_tests.defs.pipeline_stage import ASSETS, INSTRUMENT_IDS, NOW, PipelineStage, utc
from trading_pipeline_tests.testkit.market_vertical import Vertical

QUARTERS = [key for key in ASSETS if key.path[0].endswith("15m")]


def admits(engine: Engine, connections: bool) -> None:
    """Have the database admit connections or none; those that it has end."""
    name, server = engine.url.database, create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {connections}"))
        ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        connection.execute(ended, {"name": name})
    server.dispose()
    engine.dispose()


@dataclass
class AfterTheBars:
    """In place of ``Parameters``: a wave asks for strategies once it has its bars, and the database is away then."""

    checkout: Parameters
    engine: Engine

    @property
    def risk(self) -> RiskLimits:
        """As configured."""
        return self.checkout.risk

    @property
    def strategies(self) -> list[StrategyConfig]:
        """As configured."""
        admits(self.engine, connections=False)
        return self.checkout.strategies


def test_a_wave_that_loses_the_database_is_taken_up_again_with_the_rows_of_an_undisturbed_one(
    stage: PipelineStage,
) -> None:
    stage.materialize(QUARTERS)
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, NOW)
    sound = stage.resources()
    away = dg.ResourceDefinition.hardcoded_resource(AfterTheBars(Parameters(config_dir="config"), stage.engine))
    stage.resources = lambda: {**sound, "parameters": away}  # type: ignore[method-assign]
    # A connection that was at work is ended, a new one is refused.
    with pytest.raises(Exception, match=r"terminating connection|not currently accepting connections"):
        stage.materialize(QUARTERS, wave=utc(NOW))
    admits(stage.engine, connections=True)
    stage.resources = lambda: sound  # type: ignore[method-assign]
    assert stage.rows("SELECT timeframe FROM waves WHERE computed_at IS NOT NULL") == []
    assert stage.materialize(QUARTERS, wave=utc(NOW)).success
    assert stage.rows("SELECT timeframe FROM waves WHERE computed_at IS NOT NULL") == [("15m",)]
    vertical = Vertical(stage.engine)
    recovered = vertical.rows()
    vertical.empty()
    stage.materialize(QUARTERS)
    stage.materialize(QUARTERS, wave=utc(NOW))
    assert vertical.rows() == recovered
