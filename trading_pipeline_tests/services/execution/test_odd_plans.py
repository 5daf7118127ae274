"""Plans that no strategy makes: each is refused for its own reason, beside one that is sound."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import EntryLevel, PlanStatus, Target, TradePlan
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

SOUND = trade_plan()
NOTHING, NAN, ENDLESS = Decimal(0), Decimal("NaN"), Decimal("Infinity")
ELSEWHERE, HOUR = "SOLUSDT.BYBIT", timedelta(hours=1)


def level(price: str, share: str = "0.5") -> tuple[EntryLevel, ...]:
    return (EntryLevel(Decimal(price), Decimal(share), WAVE + HOUR),)


def sized_by_nothing(plan: TradePlan) -> TradePlan:
    assert plan.sizing is not None
    return replace(plan, sizing=replace(plan.sizing, volatility_pct=NAN))


LONG, SHORT = trade_plan(ELSEWHERE), trade_plan(ELSEWHERE, Bias.SHORT)
ODD: dict[str, tuple[TradePlan, str]] = {
    "entry no number": (replace(LONG, entry_price=NAN), "plan_numbers"),
    "entry without end": (replace(LONG, entry_price=ENDLESS), "plan_numbers"),
    "entry at nothing": (replace(LONG, entry_price=NOTHING, stop_price=Decimal(-1)), "plan_numbers"),
    "stop no number": (replace(LONG, stop_price=NAN), "plan_numbers"),
    "stop below zero": (replace(LONG, stop_price=Decimal(-1)), "stop_side"),
    "stop above a long": (replace(LONG, stop_price=Decimal(1010)), "stop_side"),
    "stop below a short": (replace(SHORT, stop_price=Decimal(990)), "stop_side"),
    "score no number": (replace(LONG, score=NAN), "plan_numbers"),
    "volatility no number": (sized_by_nothing(LONG), "plan_numbers"),
    "target no number": (replace(LONG, targets=(Target(NAN, Decimal("0.4")),)), "plan_numbers"),
    "target behind the entry": (replace(LONG, targets=(Target(Decimal(-1), Decimal("0.4")),)), "plan_numbers"),
    "target for less than nothing": (replace(LONG, targets=(Target(Decimal(1), Decimal(-1)),)), "plan_numbers"),
    "more targets than orders": (
        replace(LONG, targets=tuple(Target(Decimal(r), Decimal("0.2")) for r in (1, 2, 3, 4))),
        "plan_numbers",
    ),
    "price beyond all digits": (replace(LONG, entry_price=Decimal("1e30"), stop_price=Decimal("9e29")), "uncomputable"),
    "level no number": (replace(LONG, levels=level("NaN")), "plan_numbers"),
    "level beyond the stop": (replace(LONG, levels=level("980")), "plan_numbers"),
    "level ahead of the entry": (replace(LONG, levels=level("1100")), "plan_numbers"),
    "level of more than all": (replace(LONG, levels=level("995", "2")), "min_quantity"),
    "level of nothing": (replace(LONG, levels=level("995", "0")), "plan_numbers"),
    "bar to come": (replace(LONG, close_time=WAVE + HOUR, valid_until=WAVE + 2 * HOUR), "plan_numbers"),
    "bar of yesterday": (replace(LONG, close_time=WAVE - 24 * HOUR), "expiry"),
    "instrument of nobody": (replace(LONG, instrument_id=InstrumentId("NOPE.BYBIT")), "instrument"),
    "instrument of another venue": (replace(LONG, instrument_id=InstrumentId("SOLUSDT.GATEIO")), "instrument"),
    "name that no order can have": (replace(LONG, plan_id="a b/\u00fc"), "plan_numbers"),
    "no name": (replace(LONG, plan_id=""), "plan_numbers"),
    "too long a name": (replace(LONG, plan_id="x" * 60), "plan_numbers"),
}


def stored() -> Iterator[tuple[str, TradePlan]]:
    """Each as a strategy of its own, as one signal is planned once."""
    for name, (plan, _) in ODD.items():
        own = trade_plan(ELSEWHERE, strategy=name)
        named = plan.plan_id if plan.plan_id not in (LONG.plan_id, SHORT.plan_id) else own.plan_id
        yield name, replace(plan, plan_id=named, signal_id=own.signal_id, strategy=name)


@pytest.fixture(scope="module")
def answered(module_database: Engine) -> Lab:
    """All of them and a sound one in one run."""
    lab = Lab(module_database)
    lab.venue.on_fill = lab.ledger.apply_fill
    checked: set[tuple[str, object]] = set()
    for _, plan in stored():
        bar = plan.instrument_id, plan.close_time
        store_plan(module_database, plan, checks=bar not in checked)
        checked.add(bar)
    store_bar(module_database, ELSEWHERE, WAVE, Decimal(1000), 5.0)
    store_plan(module_database, SOUND)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


@pytest.mark.parametrize("name", ODD)
def test_an_odd_plan_is_refused_for_its_reason(answered: Lab, name: str) -> None:
    status, reason = answered.plan_status(dict(stored())[name])
    assert (status in (PlanStatus.DENIED, PlanStatus.EXPIRED), reason.split(":")[0]) == (True, ODD[name][1])


def test_it_stops_no_other_plan_and_sends_nothing(answered: Lab) -> None:
    assert answered.plan_status(SOUND)[0] is PlanStatus.EXECUTED
    assert answered.venue.posts == [f"{SOUND.plan_id}_{purpose}" for purpose in ("E", "TP1", "TP2")]
