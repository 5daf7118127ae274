"""The scopes that mean something."""

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.services.execution.find_scope import find_scope
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

UNIVERSE = Universe("bybit", WAVE, (InstrumentId("BTCUSDT.BYBIT"),), (Timeframe.M15,))


@pytest.mark.parametrize("symbol", ["BTCUSDT", "SOLUSDT", "DOGEUSDT"])
def test_what_is_traded_held_or_halted_can_be_named(database: Engine, symbol: str) -> None:
    lab, overview = Lab(database), PostgresAccountOverview(database)
    store_plan(database, trade_plan("SOLUSDT.BYBIT"))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    lab.halts.halt(Halt(HaltScope("DOGEUSDT.BYBIT"), "reconciliation: unknown_position", WAVE))
    found = find_scope(text=symbol, universe=UNIVERSE, halts=lab.halts, positions=overview, lifting=False)
    assert found == f"{symbol}.BYBIT"


def test_what_is_none_of_them_cannot(database: Engine) -> None:
    lab, overview = Lab(database), PostgresAccountOverview(database)
    with pytest.raises(ConfigurationError, match="'SOLUSDT' is neither 'all' nor an instrument"):
        find_scope(text="SOLUSDT", universe=UNIVERSE, halts=lab.halts, positions=overview, lifting=False)


@pytest.mark.parametrize(("lifting", "scope"), [(True, f"{ACCOUNT}/BTCUSDT.BYBIT"), (False, "BTCUSDT.BYBIT")])
def test_an_accounts_halt_is_found_only_for_lifting(database: Engine, lifting: bool, scope: str) -> None:
    lab, overview = Lab(database), PostgresAccountOverview(database)
    lab.halts.halt(Halt(HaltScope(f"{ACCOUNT}/BTCUSDT.BYBIT"), "reconciliation", WAVE))
    assert find_scope(text="BTCUSDT", universe=UNIVERSE, halts=lab.halts, positions=overview, lifting=lifting) == scope


def test_an_account_can_be_named(database: Engine) -> None:
    lab, overview = Lab(database), PostgresAccountOverview(database)
    assert find_scope(text=ACCOUNT, universe=UNIVERSE, halts=lab.halts, positions=overview, lifting=False) == ACCOUNT
