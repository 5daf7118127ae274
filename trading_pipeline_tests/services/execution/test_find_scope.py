"""The scopes that mean something."""

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.domain.risk.halts import Halt
from trading_pipeline.services.execution.find_scope import find_scope
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

UNIVERSE = Universe("bybit", WAVE, (InstrumentId("BTCUSDT.BYBIT"),), (Timeframe.M15,))


@pytest.mark.parametrize("symbol", ["BTCUSDT", "SOLUSDT", "DOGEUSDT"])
def test_what_is_traded_held_or_halted_can_be_named(database: Engine, symbol: str) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan("SOLUSDT.BYBIT"))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.halts.halt(Halt("DOGEUSDT.BYBIT", "reconciliation: unknown_position", WAVE))
    found = find_scope(text=symbol, universe=UNIVERSE, halts=lab.halts, positions=lab.ledger)
    assert found == f"{symbol}.BYBIT"


def test_what_is_none_of_them_cannot(database: Engine) -> None:
    lab = Lab(database)
    with pytest.raises(ConfigurationError, match="'SOLUSDT' is neither 'all' nor an instrument"):
        find_scope(text="SOLUSDT", universe=UNIVERSE, halts=lab.halts, positions=lab.ledger)
