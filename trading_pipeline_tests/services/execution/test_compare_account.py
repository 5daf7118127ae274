"""Comparing without touching."""

from decimal import Decimal

from sqlalchemy import Engine

from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.risk.differences import DifferenceKind
from trading_pipeline.services.execution.compare_account import compare_account
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans


def test_a_naked_position_is_told_and_left_as_it_is(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert compare_account(context=lab.context()) == ()
    lab.venue.strip_stop("BTCUSDT.BYBIT")
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    posts, held = list(lab.venue.posts), lab.venue.positions()
    kinds = {one.instrument_id: one.kind for one in compare_account(context=lab.context())}
    assert kinds == {"BTCUSDT.BYBIT": DifferenceKind.NO_STOP, "SOLUSDT.BYBIT": DifferenceKind.UNKNOWN_POSITION}
    assert (lab.venue.posts, lab.venue.positions(), lab.halts.halts()) == (posts, held, [])
