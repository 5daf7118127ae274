"""A strategy that fails in a wave: its instrument is missing, the wave goes on, the check names it."""

from dataclasses import dataclass, replace

import dagster as dg

from trading_pipeline.defs.catalogue import STRATEGIES_ANSWER
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline_tests.defs.pipeline_stage import ASSETS, INSTRUMENT_IDS, NOW, PipelineStage, utc
from trading_pipeline_tests.testkit.failing_strategies import Raising

FIRST, *OTHERS = INSTRUMENT_IDS
QUARTERS = [key for key in ASSETS if key.path[0].endswith("15m")]


@dataclass
class WithAFailure:
    """In place of ``Parameters``: those of the checkout, and a strategy of one instrument that raises."""

    checkout: Parameters

    @property
    def risk(self) -> RiskLimits:
        """As configured."""
        return self.checkout.risk

    @property
    def strategies(self) -> list[StrategyConfig]:
        """One more."""
        sound = self.checkout.strategies
        failing = replace(sound[-1], strategy=Raising(), instrument_ids=(FIRST,), timeframes=(Timeframe.M15,))
        return [*sound, failing]


def test_a_failing_instrument_is_left_out_with_reason(stage: PipelineStage) -> None:
    stage.materialize()
    stage.hear(INSTRUMENT_IDS, Timeframe.M15, NOW)
    sound = stage.resources()
    broken = dg.ResourceDefinition.hardcoded_resource(WithAFailure(Parameters(config_dir="config")))
    stage.resources = lambda: {**sound, "parameters": broken}  # type: ignore[method-assign]
    result = stage.materialize(QUARTERS, wave=utc(NOW))
    assert result.success
    checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert not checks[STRATEGIES_ANSWER].passed
    assert checks[STRATEGIES_ANSWER].description == f"no answer about {FIRST}"
    assert "ZeroDivisionError" in str(checks[STRATEGIES_ANSWER].metadata)
    assert stage.rows("SELECT timeframe, unanswered FROM waves WHERE computed_at IS NOT NULL") == [("15m", [FIRST])]
    assert stage.rows("SELECT count(*) FROM signals WHERE instrument_id <> '" + FIRST + "' AND live") != [(0,)]
