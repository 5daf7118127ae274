"""Signals become plans; only a wave's own plans may be executed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.execution.ledger_plans import PlanQueueStore
from trading_pipeline.adapters.stores.execution.ledger_rows import plan_query
from trading_pipeline.adapters.stores.research.replay_facts import replay_facts
from trading_pipeline.adapters.stores.strategy.plan_rows import plan_of as stored_plan
from trading_pipeline.adapters.stores.strategy.plan_store import PostgresPlanStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.events import WaveComputed
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import (
    ExitRules,
    NextBarRule,
    Opposite,
    SizingInputs,
    TrailAt,
    TrailRule,
    plan_id_of,
)
from trading_pipeline.domain.model.scoring import Scoring
from trading_pipeline.domain.model.signals import Bias, Signal, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.services.strategy.plan_trades import Planner, plan_of, plan_trades
from trading_pipeline_tests.testkit.builders import START, a_range, walk
from trading_pipeline_tests.testkit.execution_lab import GUARDS, LIMITS
from trading_pipeline_tests.testkit.market_vertical import Vertical

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def vertical(database: Engine) -> Vertical:
    """A day of bars with its signals; the newest plan belongs to a wave that was heard live."""
    made = Vertical(database)
    made.bars.append_raw(walk(count=24), BarSource.WEBSOCKET)
    made.decide(a_range(), START + DAY)
    return made


def newest_close(vertical: Vertical) -> Signal:
    return vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY)[-1]


def statuses(vertical: Vertical) -> dict[str, str]:
    with vertical.engine.connect() as connection:
        rows = connection.execute(text("SELECT plan_id, status FROM trading.trade_plans"))
        return {row.plan_id: row.status for row in rows}


def set_status(vertical: Vertical, plan_id: str, status: str) -> None:
    with vertical.engine.begin() as connection:
        connection.execute(
            text("UPDATE trading.trade_plans SET status = :status WHERE plan_id = :plan"),
            {"status": status, "plan": plan_id},
        )


def a_signal(bias: Bias = Bias.LONG, entry: str = "100", stop: str = "90", strategy: str = "ema_atr") -> Signal:
    return Signal(
        signal_id=decision_key(strategy, "BTCUSDT.BYBIT", Timeframe.H1, START + HOUR, bias),
        strategy=strategy,
        strategy_version="abc",
        instrument_id=InstrumentId("BTCUSDT.BYBIT"),
        timeframe=Timeframe.H1,
        close_time=START + HOUR,
        bias=bias,
        entry_price=Decimal(entry),
        stop_price=Decimal(stop),
        score=Decimal(50),
    )


def test_a_backfill_makes_historical_plans_only_and_says_nothing(vertical: Vertical) -> None:
    report = plan_trades(vertical.planner, a_range(), None, "run-1")
    assert report.plans > 1
    assert report.executable == 0
    assert set(statuses(vertical).values()) == {"historical"}
    assert vertical.stream.published == []


def test_a_waves_plans_are_new_and_announced(vertical: Vertical) -> None:
    signal = newest_close(vertical)
    report = plan_trades(vertical.planner, a_range(), signal.close_time, "run-1")
    found = statuses(vertical)
    assert found.pop(plan_id_of(signal.signal_id)) == "new"
    assert set(found.values()) == {"historical"}
    assert (report.executable, report.wave_open) == (1, False)
    assert vertical.stream.published == [WaveComputed(signal.close_time, Timeframe.H1, 1)]
    assert [wave.computed for wave in vertical.waves.at(signal.close_time)] == [True]


def test_a_historical_plan_only_ever_becomes_new(vertical: Vertical) -> None:
    signal = newest_close(vertical)
    for wave, status in ((None, "historical"), (signal.close_time, "new"), (None, "new")):
        plan_trades(vertical.planner, a_range(), wave, "run-1")
        assert statuses(vertical)[plan_id_of(signal.signal_id)] == status


def test_a_watched_timeframe_has_signals_and_no_plan(vertical: Vertical) -> None:
    signal = newest_close(vertical)
    watching = [replace(plan, timeframes=(Timeframe.H4,), watched=(Timeframe.H1,)) for plan in vertical.strategies]
    report = plan_trades(replace(vertical.planner, strategies=watching), a_range(), signal.close_time, "run-1")
    assert report.watched > 1
    assert (report.plans, report.executable, report.refused) == (0, 0, ())
    assert statuses(vertical) == {}
    assert vertical.stream.published == [WaveComputed(signal.close_time, Timeframe.H1, 0)]


@pytest.mark.parametrize("status", ["claimed", "executed", "denied", "expired"])
def test_a_plan_that_went_its_way_is_not_planned_again(vertical: Vertical, status: str) -> None:
    signal = newest_close(vertical)
    plan_trades(vertical.planner, a_range(), signal.close_time, "run-1")
    set_status(vertical, plan_id_of(signal.signal_id), status)
    assert plan_trades(vertical.planner, a_range(), signal.close_time, "run-2").executable == 0
    assert statuses(vertical)[plan_id_of(signal.signal_id)] == status


def test_a_vanished_signal_takes_its_historical_plan(vertical: Vertical) -> None:
    plan_trades(vertical.planner, a_range(), None, "run-1")
    vertical.signals.replace([], ["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY)
    assert vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY) == []
    assert statuses(vertical) == {}


def test_a_signal_that_was_acted_upon_stays_as_it_was(vertical: Vertical) -> None:
    signal = newest_close(vertical)
    plan_trades(vertical.planner, a_range(), signal.close_time, "run-1")
    set_status(vertical, plan_id_of(signal.signal_id), "executed")
    for fresh in ([], [replace(signal, entry_price=signal.entry_price + 1)]):
        vertical.signals.replace(fresh, ["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY)
        assert vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY) == [signal]


def test_a_plan_expires_one_bar_after_its_close(vertical: Vertical) -> None:
    signal = a_signal()
    plan = plan_of(signal, vertical.planner)
    assert plan.plan_id == plan_id_of(signal.signal_id)
    assert plan.valid_until == START + 2 * HOUR
    assert plan.risk_per_unit == 10
    assert sum((target.fraction for target in plan.targets), plan.runner.fraction) == 1


def divergence_planner(vertical: Vertical) -> Planner:
    """A planner that runs the divergence strategy with its next-bar rule."""
    lifecycle = replace(vertical.strategies[0].lifecycle, next_bar_exit=True)
    strategy = StrategyConfig(strategy_named("divergence", {}), (Timeframe.H1,), (), lifecycle)
    return replace(vertical.planner, strategies=[strategy])


def test_a_plan_leads_back_to_the_setup_of_its_signal(vertical: Vertical) -> None:
    signal = replace(a_signal(strategy="divergence"), close_time=datetime.fromtimestamp(1_700_006_400, UTC))
    plan = plan_of(signal, divergence_planner(vertical))
    assert plan.setup_id == "setup_8e7176cf9dbc21e06c18"
    assert plan_of(a_signal(), vertical.planner).setup_id is None


@pytest.mark.parametrize(
    ("details", "momentum"),
    [
        ({"histogram": -11.648148}, Decimal("-11.648148")),
        ({"histogram": 0.1 + 0.2}, Decimal("0.30000000000000004")),
        ({}, None),
    ],
    ids=["known", "to the last bit", "unknown stays unknown"],
)
def test_a_next_bar_rule_carries_the_momentum_of_the_entry_bar(
    vertical: Vertical, details: dict[str, object], momentum: Decimal | None
) -> None:
    signal = replace(a_signal(strategy="divergence"), details=details)
    assert plan_of(signal, divergence_planner(vertical)).next_bar_rule == NextBarRule(momentum)
    assert plan_of(a_signal(), vertical.planner).next_bar_rule is None


def test_a_plan_carries_the_parts_of_its_signals_score(vertical: Vertical) -> None:
    details = {
        "signal_quality_score": 53.5,
        "divergence_score": 33.5,
        "confluence_score": 20.0,
        "confirmations": ["RSI_DIV", "OBV_DIV"],
    }
    signal = replace(a_signal(strategy="divergence"), details=details)
    scoring = Scoring(Decimal("53.5"), Decimal("33.5"), Decimal(20), ("RSI_DIV", "OBV_DIV"))
    assert plan_of(signal, divergence_planner(vertical)).scoring == scoring
    assert plan_of(a_signal(), vertical.planner).scoring is None


def test_a_plan_says_what_its_size_follows_from(vertical: Vertical) -> None:
    assert plan_of(a_signal(), vertical.planner).sizing == SizingInputs("risk", {"risk_per_trade": Decimal("0.005")})


def test_a_plan_sized_by_volatility_knows_its_bars_atr_over_price(vertical: Vertical) -> None:
    planner = replace(vertical.planner, limits=replace(LIMITS, sizing=SizingRule(SizingModel.VOLATILITY)))
    signal = newest_close(vertical)
    snapshot = vertical.snapshots.values("BTCUSDT.BYBIT", Timeframe.H1, signal.close_time)
    assert snapshot is not None
    sizing = plan_of(signal, planner).sizing
    assert sizing is not None
    assert sizing.volatility_pct is not None
    assert float(sizing.volatility_pct) == pytest.approx(100 * snapshot["atr_14"] / float(signal.entry_price))
    unseen = plan_of(replace(signal, close_time=START - DAY), planner).sizing
    assert unseen is not None
    assert unseen.volatility_pct is None


def test_a_plan_comes_back_from_the_database_as_it_went_in(vertical: Vertical) -> None:
    volatility = replace(LIMITS, sizing=SizingRule(SizingModel.VOLATILITY, max_amount=Decimal("99.50")))
    planner = replace(vertical.planner, limits=volatility)
    plan_trades(planner, a_range(), None, "run-1")
    for signal in vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY):
        plan = plan_of(signal, planner)
        assert PlanQueueStore(vertical.engine).plan(plan.plan_id) == plan


def test_a_full_plan_is_stored_once_and_comes_back_whole(vertical: Vertical) -> None:
    signal = newest_close(vertical)
    plan = replace(
        plan_of(signal, vertical.planner),
        next_bar_rule=NextBarRule(Decimal("-11.648148")),
        setup_id="setup_8e71",
        scoring=Scoring(Decimal("53.5642"), Decimal("33.5642"), Decimal(20), ("RSI_DIV", "OBV_DIV")),
    )
    store = PostgresPlanStore(vertical.engine)
    assert [store.save([plan], Timeframe.H1, None, run).changed for run in ("run-1", "run-2")] == [1, 0]
    assert PlanQueueStore(vertical.engine).plan(plan.plan_id) == plan


def test_a_plan_carries_by_what_it_is_left(vertical: Vertical) -> None:
    lifecycle = vertical.strategies[0].lifecycle
    rules = ExitRules(2, strategy_exits=False, opposite=Opposite.REVERSE, max_layers=3)
    runner = replace(lifecycle.runner, trail=TrailRule.PIVOT, trail_at=TrailAt.FINEST)
    behind = replace(vertical.strategies[0], lifecycle=replace(lifecycle, exit_rules=rules, runner=runner))
    planner = replace(vertical.planner, strategies=[behind])
    plan_trades(planner, a_range(), None, "run-1")
    stored = PlanQueueStore(vertical.engine).plan(plan_id_of(newest_close(vertical).signal_id))
    assert (stored.exit_rules, stored.runner) == (rules, runner)


def test_an_older_plan_is_left_by_the_defaults(vertical: Vertical) -> None:
    plan_trades(vertical.planner, a_range(), None, "run-1")
    with vertical.engine.begin() as connection:
        connection.execute(
            text("UPDATE trading.trade_plans SET exit_rules = NULL, runner = runner - 'trail' - 'trail_at'")
        )
    stored = PlanQueueStore(vertical.engine).plan(plan_id_of(newest_close(vertical).signal_id))
    assert stored.exit_rules == ExitRules(1, strategy_exits=True, opposite=Opposite.IGNORE, max_layers=1)
    assert (stored.runner.trail, stored.runner.trail_at) == (TrailRule.ATR, TrailAt.POSITION)


@pytest.mark.parametrize(
    ("bias", "entry", "stop"),
    [
        (Bias.LONG, "100", "100"),
        (Bias.LONG, "100", "101"),
        (Bias.LONG, "100", "0"),
        (Bias.LONG, "100", "-1"),
        (Bias.SHORT, "100", "100"),
        (Bias.SHORT, "100", "99"),
    ],
)
def test_a_stop_on_the_winning_side_plans_nothing(vertical: Vertical, bias: Bias, entry: str, stop: str) -> None:
    with pytest.raises(DataError, match=f"stop_not_protective: {bias} at {entry} cannot have its stop at {stop}"):
        plan_of(a_signal(bias, entry, stop), vertical.planner)


def test_one_impossible_signal_is_named_and_does_not_stop_the_others(vertical: Vertical) -> None:
    found = vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY)
    wrong = replace(found[0], stop_price=Decimal(0))
    vertical.signals.replace([wrong, *found[1:]], ["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY)
    report = plan_trades(vertical.planner, a_range(), None, "run-1")
    assert report.plans == len(found) - 1
    assert len(report.refused) == 1


def test_every_signal_has_a_fate_and_they_add_up(vertical: Vertical) -> None:
    """Four without a plan: stops below zero, at the entry, beyond it, and a strategy nobody runs; then one of each
    end."""
    wrong = [a_signal(stop="-1"), a_signal(stop="100"), a_signal(Bias.SHORT, stop="99"), a_signal(strategy="retired")]
    ends = [("executed", ""), ("expired", "not claimed before 12:00"), ("denied", "symbol_busy: one is live")]
    signals = [
        replace(signal, signal_id=f"{number:018d}", close_time=START + number * HOUR)
        for number, signal in enumerate([*wrong, *(a_signal() for _ in (*ends, "historical"))], 1)
    ]
    vertical.signals.replace(signals, ["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY)
    plan_trades(vertical.planner, a_range(), None, "run-1")
    for signal, (status, reason) in zip(signals[len(wrong) :], ends, strict=False):
        with vertical.engine.begin() as connection:
            connection.execute(
                text("UPDATE trading.trade_plans SET status = :status, status_reason = :reason WHERE plan_id = :plan"),
                {"status": status, "reason": reason, "plan": signal.signal_id},
            )
    facts = replay_facts(vertical.engine, START, START + DAY)
    assert facts.signal_outcomes == {
        "executed": 1,
        "expired": 1,
        "historical": 1,
        "no_plan": 1,
        "position_open": 1,
        "stop_not_protective": 3,
    }
    assert sum(facts.signal_outcomes.values()) == facts.counts["signals"] == len(signals)


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("stop_side", "stop_not_protective"),
        ("symbol_busy", "position_open"),
        ("opposite_position", "position_open"),
        ("min_quantity", "too_small"),
        ("closed_opposite", "closed_opposite"),
        ("max_daily_loss", "max_daily_loss"),
    ],
)
def test_a_denial_is_counted_under_the_word_of_a_backtest(vertical: Vertical, rule: str, outcome: str) -> None:
    plan_trades(vertical.planner, a_range(), None, "run-1")
    with vertical.engine.begin() as connection:
        connection.execute(
            text("UPDATE trading.trade_plans SET status = 'denied', status_reason = :reason"),
            {"reason": f"{rule}: because of it"},
        )
    facts = replay_facts(vertical.engine, START, START + DAY)
    assert facts.signal_outcomes == {outcome: facts.counts["signals"]}


def test_a_stopped_strategys_signal_makes_no_plan(vertical: Vertical) -> None:
    with pytest.raises(DataError, match="no file of config/strategies runs here"):
        plan_of(a_signal(strategy="retired"), vertical.planner)


def test_the_guards_of_the_strategy_travel_in_the_plan(vertical: Vertical) -> None:
    guarded = [replace(plan, guards=GUARDS) for plan in vertical.strategies]
    for strategies, expected in ((guarded, {GUARDS}), (vertical.strategies, {None})):
        plan_trades(replace(vertical.planner, strategies=strategies), a_range(), None, "run-1")
        with vertical.engine.connect() as connection:
            assert {stored_plan(row).guards for row in connection.execute(plan_query())} == expected
