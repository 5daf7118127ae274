"""A lag between closes and what becomes of them is told when it begins and when it ends, not with each wave."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text

from trading_pipeline.adapters.stores.execution.entry_health import PostgresEntryHealthReader
from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.postgres.tables import risk_events
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.limit_sections import LagLimits
from trading_pipeline.services.execution.watch_lag import PROCESSING_LAG, watch_lag
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE, Lab, store_plan, store_wave, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()
BEGAN, OVER = "processing lags behind", "processing keeps up again"


@pytest.fixture
def lab(database: Engine) -> Lab:
    """A wave that was computed at once, and whose plan became an order at once."""
    lab = Lab(database)
    store_wave(database, Timeframe.M15)
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def look(lab: Lab, limits: LagLimits = LagLimits()) -> list[str]:  # noqa: B008
    """What the operator hears of one look."""
    before = len(lab.postbox.messages)
    watch_lag(
        context=replace(lab.context(), limits=replace(LIMITS, lag=limits)),
        health=PostgresEntryHealthReader(lab.database, ACCOUNT),
        events=PostgresRiskEventLog(lab.database, ACCOUNT, "run-w"),
    )
    return [subject for _, subject, _ in lab.postbox.messages[before:]]


def kept(lab: Lab) -> list[str]:
    """Events of the rule."""
    query = select(risk_events.c.sentence).where(risk_events.c.rule == PROCESSING_LAG).order_by(risk_events.c.event_id)
    with lab.database.connect() as connection:
        return list(connection.execute(query).scalars())


def heard_ago(lab: Lab, seconds: int, column: str = "first_bar_at") -> None:
    """Every wave was heard, or computed, so long ago."""
    with lab.database.begin() as connection:
        ago = text(f"UPDATE trading.waves SET {column} = clock_timestamp() - make_interval(secs => :seconds)")
        connection.execute(ago, {"seconds": seconds})


def test_lagging_waves_are_told_once_each_way(lab: Lab) -> None:
    assert look(lab) == []
    heard_ago(lab, 70)
    for later in range(3):
        store_wave(lab.database, Timeframe.M15, WAVE + (later + 1) * timedelta(minutes=15))
        assert look(lab) == ([BEGAN] if not later else [])
    assert kept(lab)[0].startswith("a close became plans after")
    heard_ago(lab, 0)
    assert [look(lab), look(lab)] == [[OVER], []]
    assert len(kept(lab)) == 2


def test_an_uncomputed_wave_lags_since_it_was_heard(lab: Lab) -> None:
    store_wave(lab.database, Timeframe.H1, computed=False)
    assert look(lab) == []
    heard_ago(lab, 61)
    heard_ago(lab, 61, "computed_at")
    with lab.database.begin() as connection:
        connection.execute(text("UPDATE trading.waves SET computed_at = NULL WHERE timeframe = '1h'"))
    assert look(lab) == [BEGAN]


def test_a_lagging_order_is_told_with_both_numbers(lab: Lab) -> None:
    heard_ago(lab, 200)
    heard_ago(lab, 200, "computed_at")
    assert look(lab, LagLimits(plan_s=0, order_s=0)) == []
    assert look(lab) == [BEGAN]
    (sentence,) = kept(lab)
    assert sentence.startswith("a close became an order after")
    assert sentence.endswith("the limit is 120 s")


@pytest.mark.parametrize(("seconds", "told"), [(55, []), (65, [BEGAN])])
def test_the_limit_is_the_configured_one(lab: Lab, seconds: int, told: list[str]) -> None:
    heard_ago(lab, seconds)
    assert look(lab) == told
