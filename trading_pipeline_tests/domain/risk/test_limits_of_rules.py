"""The rules that only the live account asks, at their limits, and switched off."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.books import BookReading, OrderBook
from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.entry import EntryQuestion, MarketConditions
from trading_pipeline.domain.risk.finding import Action
from trading_pipeline.domain.risk.gate import decide_entry, live_only
from trading_pipeline.domain.risk.limit_sections import NewsWindow
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.risk.regime import Regime
from trading_pipeline_tests.testkit.builders import ACCOUNT, instrument, usdt_wallet
from trading_pipeline_tests.testkit.execution_lab import LIMITS, WAVE
from trading_pipeline_tests.testkit.gate_questions import (
    IDLE,
    PLAN,
    QUESTION,
    Change,
    admitted,
    asked,
    closed,
    denied,
    facts,
    live,
    plan,
    under,
)

SECOND = timedelta(seconds=1)
FREE = replace(instrument(), taker_fee=Decimal(0))
BASES = {InstrumentId(f"{base}{quote}.BYBIT"): base for base in ("BTC", "ETH", "SOL") for quote in ("USDT", "USDC")}


def changed(*changes: Change, question: EntryQuestion = QUESTION) -> EntryQuestion:
    for change in changes:
        question = change(question)
    return question


def found(question: EntryQuestion) -> list[tuple[str, Action]]:
    return [(one.rule, one.action) for one in decide_entry(question, "run-1").findings]


def money(equity: str) -> Change:
    return asked(wallet=usdt_wallet(Decimal(equity), WAVE))


def of_account(kind: HaltKind, until: timedelta | None = None) -> Change:
    ends = None if until is None else WAVE + until
    return facts(halts=(Halt(HaltScope(ACCOUNT), "because", WAVE, kind=kind, until=ends),))


def did(**changes: object) -> Change:
    return facts(activity=replace(IDLE, **changes))  # type: ignore[arg-type]


def side_traded(seconds_ago: float) -> Change:
    return facts(trades=replace(closed(), same_side_at=WAVE - timedelta(seconds=seconds_ago)))


def book_of(bid: str, ask: str, *more_asks: tuple[str, str]) -> Change:
    """Two units at the best prices, and what rests above them."""
    asks = [(Decimal(ask), Decimal(2)), *((Decimal(price), Decimal(size)) for price, size in more_asks)]
    levels = OrderBook(PLAN.instrument_id, WAVE, ((Decimal(bid), Decimal(2)),), tuple(asks))
    spread = (Decimal(ask) - Decimal(bid)) / ((Decimal(ask) + Decimal(bid)) / 2) * 10_000
    reading = BookReading(WAVE, spread, Decimal(1), Decimal(0), Decimal(0))
    return asked(conditions=MarketConditions(reading, WAVE + timedelta(minutes=14, seconds=59), levels=levels))


ROOMY = facts(live=())

DENIALS: Sequence[tuple[str, Change, Change, Change | None]] = [
    # rule, limits, what it objects to, what it lets pass just so
    ("pause", ROOMY, of_account(HaltKind.PAUSE), None),
    (
        "circuit_breaker",
        ROOMY,
        of_account(HaltKind.CIRCUIT_SOFT, SECOND),
        of_account(HaltKind.CIRCUIT_SOFT, 0 * SECOND),
    ),
    ("circuit_breaker", ROOMY, of_account(HaltKind.CIRCUIT_HARD, SECOND), of_account(HaltKind.CIRCUIT_HARD, -SECOND)),
    # S19: 10,000 at the start, 2 % soft and 4 % hard
    ("circuit_soft", under("circuit", soft=Decimal("0.02")), money("9799"), money("9850")),
    ("circuit_soft", under("circuit", soft=Decimal("0.02")), facts(day_low_equity=Decimal(9800)), money("9800.01")),
    ("circuit_hard", under("circuit", soft=Decimal("0.02"), hard=Decimal("0.04")), money("9599"), None),
    # 13: a limit of 100
    (
        "daily_loss_cap",
        under("losses", max_daily_loss_amount=Decimal(100)),
        facts(trades=closed("-60", "-40")),
        facts(trades=closed("-60", "-39.99")),
    ),
    ("max_drawdown", under("losses", max_drawdown=Decimal("0.1")), facts(peak_equity=Decimal("11111.12")), None),
    (
        "loss_streak",
        under("losses", max_loss_streak=3),
        facts(trades=closed("-1", "-1", "-1", "5")),
        facts(trades=closed("5", "-1", "-1", "-1")),
    ),
    (
        "loss_streak",
        under("losses", max_loss_streak=3, loss_streak_hours=1),
        facts(trades=closed("-1", "-1", "-1", minutes_ago=57)),
        facts(trades=closed("-1", "-1", "-1", minutes_ago=58)),
    ),
    (
        "loss_streak",
        under("losses", max_loss_streak=3),
        facts(trades=closed("-1", "-1", "-1")),
        facts(trades=closed("-1", "0", "-1")),
    ),
    # 11 and 12
    ("max_orders_5m", under("activity", max_orders_5m=5), did(orders_5m=5), did(orders_5m=4)),
    (
        "max_turnover_5m",
        under("activity", max_turnover_5m=Decimal(1000)),
        did(turnover_5m=Decimal(400 + 350 + 250)),
        did(turnover_5m=Decimal("999.99")),
    ),
    ("max_orders_day", under("activity", max_orders_day=100), did(orders_day=100), did(orders_day=99)),
    (
        "max_turnover_day",
        under("activity", max_turnover_day=Decimal(10_000)),
        did(turnover_day=Decimal(10_000)),
        did(turnover_day=Decimal("9999.99")),
    ),
    (
        "cooldown_after_entry",
        under("cooldowns", after_entry_s=60),
        did(last_entry_at=WAVE - 59 * SECOND),
        did(last_entry_at=WAVE - 60 * SECOND),
    ),
    # 30 s, half as long again with each further loss, at most 40: 30, 40, 40
    (
        "cooldown_after_loss",
        under("cooldowns", after_loss_s=30, loss_factor=Decimal("1.5"), max_after_loss_s=40),
        facts(trades=closed("-1", "5", minutes_ago=0.49)),
        facts(trades=closed("-1", "5", minutes_ago=0.5)),
    ),
    (
        "cooldown_after_loss",
        under("cooldowns", after_loss_s=30, loss_factor=Decimal("1.5"), max_after_loss_s=40),
        facts(trades=closed("-1", "-1", "-1", minutes_ago=0.66)),
        facts(trades=closed("-1", "-1", "-1", minutes_ago=0.67)),
    ),
    # opened at 12:00:00: blocked at 12:14:59, allowed at 12:15:00
    ("anti_churn", under("cooldowns", anti_churn_s=900), side_traded(899), side_traded(900)),
    # an open long: the same side again, the other side, any third
    (
        "per_base_limit",
        under("portfolio", max_per_base=2),
        facts(live=live("BTCUSDC.BYBIT")),
        facts(live=live("ETHUSDT.BYBIT")),
    ),
    (
        "per_base_limit",
        under("portfolio", max_per_base=2),
        facts(live=(*live("BTCUSDC.BYBIT", bias=Bias.SHORT), *live("BTCUSDC.BYBIT", bias=Bias.SHORT))),
        facts(live=live("BTCUSDC.BYBIT", bias=Bias.SHORT)),
    ),
    (
        "correlation",
        under("portfolio", correlation_groups=(("BTC", "ETH"),)),
        facts(live=live("ETHUSDC.BYBIT")),
        facts(live=live("SOLUSDT.BYBIT")),
    ),
    # 1 R is 50: five positions of 1 R fill 5 R, the sixth is one too many
    (
        "max_total_risk_r",
        under("portfolio", max_total_risk_r=Decimal(2)),
        facts(live=live("ETHUSDT.BYBIT", quantity="5.1")),
        facts(live=live("ETHUSDT.BYBIT", quantity="5")),
    ),
    (
        "max_total_risk_amount",
        under("portfolio", max_total_risk_amount=Decimal(100)),
        facts(live=live("ETHUSDT.BYBIT", quantity="5.1")),
        facts(live=live("ETHUSDT.BYBIT", quantity="5")),
    ),
    ("per_symbol_risk_r", under("portfolio", max_symbol_risk_r={"BTCUSDT": Decimal("0.9")}), asked(), facts(live=())),
    (
        "news_window",
        under("market", news_windows=(NewsWindow(time(12), time(12, 10)),)),
        asked(),
        plan(close_time=WAVE - SECOND),
    ),
    (
        "high_volatility",
        under("market", max_volatility_pct=Decimal(4)),
        facts(volatility_pct=Decimal(4)),
        facts(volatility_pct=Decimal("3.99")),
    ),
    ("regime", under("market", regime=True), asked(regime=Regime.RISK_OFF), asked(regime=Regime.RISK_ON)),
    (
        "regime",
        under("market", regime=True),
        asked(regime=Regime.NEUTRAL),
        plan(bias=Bias.SHORT, stop_price=Decimal(1010)),
    ),
    # 10: 99.70 and 100.30 are 60 bps apart
    ("spread_cap", under("market", max_spread_bps=Decimal(60)), book_of("997", "1003"), book_of("997.01", "1002.99")),
    ("funding_window", under("market", min_minutes_to_funding=15), book_of("999", "1001"), None),
    # 2 at 1001 and 3 at 1002 cost 16 bps above the mid of 1000
    (
        "slippage_cap",
        under("market", max_slippage_bps=Decimal(16)),
        book_of("999", "1001", ("1002", "3")),
        book_of("999", "1001", ("1001.9", "3")),
    ),
    ("slippage_cap", under("market", max_slippage_bps=Decimal(100)), book_of("999", "1001", ("1002", "2.99")), None),
    ("min_order_value", under("orders", min_order_value=Decimal("1000.01")), asked(), None),
    (
        "max_account_leverage",
        under("orders", max_account_leverage=Decimal(1)),
        facts(live=live("ETHUSDT.BYBIT", quantity="10")),
        None,
    ),
]
"""Every limit but the halts' is switched off in LIMITS."""

NOT_SWITCHED = {"pause", "circuit_breaker"}


@pytest.mark.parametrize(("rule", "limits", "objection", "passing"), DENIALS)
def test_a_rule_denies_at_its_limit_and_not_before(
    rule: str, limits: Change, objection: Change, passing: Change | None
) -> None:
    refused = denied(changed(limits, asked(bases=BASES), objection))
    assert (refused.rule, refused.action) == (rule, Action.DENY)
    assert len(refused.sentence) > 10
    if passing is not None and rule != "per_symbol_risk_r":
        assert admitted(changed(limits, asked(bases=BASES), passing)).quantity > 0


@pytest.mark.parametrize(("rule", "limits", "objection", "passing"), DENIALS)
def test_a_rule_that_is_switched_off_says_nothing(
    rule: str, limits: Change, objection: Change, passing: Change | None
) -> None:
    del limits, passing  # off is how LIMITS has them
    names = [name for name, _ in found(changed(asked(bases=BASES), objection))]
    assert rule in NOT_SWITCHED or rule not in names


@pytest.mark.parametrize(
    ("rule", "limits", "unknown"),
    [
        ("circuit_soft", under("circuit", soft=Decimal("0.02")), facts(day_low_equity=None)),
        ("circuit_hard", under("circuit", hard=Decimal("0.02")), facts(day_low_equity=None)),
        ("daily_loss_cap", under("losses", max_daily_loss_amount=Decimal(100)), facts(trades=None)),
        ("max_drawdown", under("losses", max_drawdown=Decimal("0.1")), facts(peak_equity=None)),
        ("loss_streak", under("losses", max_loss_streak=3), facts(trades=None)),
        ("streak_size", under("losses", streak_size_step=Decimal("0.25")), facts(trades=None)),
        ("max_orders_5m", under("activity", max_orders_5m=5), facts(activity=None)),
        ("max_turnover_day", under("activity", max_turnover_day=Decimal(5)), facts(activity=None)),
        ("cooldown_after_entry", under("cooldowns", after_entry_s=60), facts(activity=None)),
        ("cooldown_after_loss", under("cooldowns", after_loss_s=60), facts(trades=None)),
        ("anti_churn", under("cooldowns", anti_churn_s=60), facts(trades=None)),
        ("per_base_limit", under("portfolio", max_per_base=2), facts(live=live("XRPUSDT.BYBIT"))),
        ("correlation", under("portfolio", correlation_groups=(("BTC", "ETH"),)), facts(live=live("XRPUSDT.BYBIT"))),
        ("high_volatility", under("market", max_volatility_pct=Decimal(4)), facts(volatility_pct=None)),
        ("regime", under("market", regime=True), asked(regime=None)),
        ("spread_cap", under("market", max_spread_bps=Decimal(60)), asked()),
        ("slippage_cap", under("market", max_slippage_bps=Decimal(60)), asked()),
        ("funding_window", under("market", min_minutes_to_funding=1), asked()),
        (
            "funding_window",
            under("market", min_minutes_to_funding=1),
            asked(conditions=MarketConditions(next_funding_at=WAVE - SECOND)),
        ),
    ],
)
def test_a_number_that_is_missing_denies(rule: str, limits: Change, unknown: Change) -> None:
    assert denied(changed(limits, unknown)).rule == rule


@pytest.mark.parametrize(
    ("rule", "limits", "change"),
    [
        ("max_daily_loss", asked(), money("9600")),
        ("max_drawdown", under("losses", max_drawdown=Decimal("0.1")), facts(peak_equity=Decimal(10_870))),
        ("max_orders_5m", under("activity", max_orders_5m=5), did(orders_5m=4)),
        ("circuit_soft", under("circuit", soft=Decimal("0.02")), facts(day_low_equity=Decimal(9840))),
    ],
)
def test_a_warning_comes_at_four_fifths_and_changes_nothing(rule: str, limits: Change, change: Change) -> None:
    question = changed(limits, change)
    assert found(question) == [(rule, Action.WARN)]
    silent = replace(question, limits=replace(question.limits, warn_at=Decimal(0)))
    assert found(silent) == []
    assert admitted(silent).quantity == admitted(question).quantity


def test_one_loss_before_the_streak_is_too_long_is_told() -> None:
    question = changed(under("losses", max_loss_streak=3), facts(trades=closed("-1", "-1", "2")))
    assert found(question) == [("loss_streak", Action.WARN)]


@pytest.mark.parametrize(
    ("rule", "limits", "change", "quantity"),
    [
        # 5 is what 50 at risk buy
        ("max_stake", under("orders", max_stake=Decimal(35)), asked(), "3.5"),
        # a margin of 1000 at leverage 5 is a notional of 5000
        ("max_order_value", under("orders", max_order_value=Decimal("333.33")), asked(), "1.666"),
        (
            "max_account_leverage",
            under("orders", max_account_leverage=Decimal(1)),
            facts(live=live("ETHUSDT.BYBIT", quantity="8.5")),
            "1.5",
        ),
        ("streak_size", under("losses", streak_size_step=Decimal("0.25")), facts(trades=closed("-1", "-1")), "2.5"),
        ("streak_size", under("losses", streak_size_step=Decimal("0.25")), facts(trades=closed(*["-1"] * 9)), "0.5"),
        ("regime", under("market", regime=True), asked(regime=Regime.RISK_SMALL), "2.5"),
        (
            "correlation",
            under("portfolio", correlation_groups=(("BTC", "ETH"),), correlated_size=Decimal("0.5")),
            facts(live=live("ETHUSDT.BYBIT")),
            "2.5",
        ),
        ("margin", asked(), asked(wallet=usdt_wallet(Decimal(10_000), WAVE, available=Decimal(402))), "2"),
        ("max_leverage", asked(instrument=FREE), plan(stop_price=Decimal("999.5")), "50"),
        ("max_market_quantity", asked(), asked(instrument=replace(instrument(), max_market_quantity=Decimal(3))), "3"),
    ],
)
def test_a_reduction_is_a_finding_and_is_applied(rule: str, limits: Change, change: Change, quantity: str) -> None:
    question = changed(limits, asked(bases=BASES), change)
    assert (rule, Action.REDUCE) in found(question)
    assert admitted(question).quantity == Decimal(quantity)


def test_the_strongest_reduction_counts_and_they_do_not_multiply() -> None:
    question = changed(
        under("losses", streak_size_step=Decimal("0.25")),
        under("market", regime=True),
        facts(trades=closed("-1")),
        asked(regime=Regime.RISK_SMALL),
    )
    assert [rule for rule, _ in found(question)] == ["streak_size", "regime"]
    assert admitted(question).quantity == Decimal("2.5")


@pytest.mark.parametrize(("least", "outcome"), [("3", "25.00"), ("30", "min_notional")])
def test_a_halved_entry_meets_the_least_order_again(least: str, outcome: str) -> None:
    """50 to enter at ``risk_small``: 25 are submitted, or refused where the venue takes 30."""
    small = replace(instrument(), min_notional=Decimal(least))
    fifty = plan(stop_price=Decimal("0.1"))
    question = changed(under("market", regime=True), fifty, asked(instrument=small, regime=Regime.RISK_SMALL))
    decision = decide_entry(question, "run-1")
    if decision.intent is None:
        assert decision.denial is not None
        assert decision.denial.rule == outcome
    else:
        assert decision.intent.quantity * PLAN.entry_price == Decimal(outcome)


@pytest.mark.parametrize(
    ("equity", "entry", "stop", "outcome"),
    [
        (10_000, 50_000, 49_000, "0.050"),
        # 0.0005 are a margin of 1.5: not raised to 50, which would risk more than was said
        (1_000, 30_000, 20_000, "min_quantity"),
        (10_000, 30_000, 20_000, "min_order_value"),
        (100, 30_000, 29_000, "min_quantity"),
    ],
)
def test_orders_of_a_margin_between_50_and_1000_at_leverage_10(
    equity: int, entry: int, stop: int, outcome: str
) -> None:
    limits = replace(LIMITS, max_leverage=Decimal(10))
    question = changed(
        asked(limits=limits),
        under("orders", min_order_value=Decimal(50), max_order_value=Decimal(1000)),
        plan(entry_price=Decimal(entry), stop_price=Decimal(stop)),
        facts(day_start_equity=Decimal(equity)),
        money(str(equity)),
    )
    decision = decide_entry(question, "run-1")
    said = decision.denial.rule if decision.denial else str(decision.intent and decision.intent.quantity)
    assert said == outcome


SAME = facts(live=live("BTCUSDT.BYBIT", timeframe=Timeframe.M5))


@pytest.mark.parametrize(
    ("limits", "held", "rule"),
    [
        (asked(), SAME, "symbol_busy"),
        (under("portfolio", replace_lower_timeframe=True), facts(live=live("BTCUSDT.BYBIT")), "symbol_busy"),
        (
            under("portfolio", replace_lower_timeframe=True),
            facts(live=live("BTCUSDT.BYBIT", timeframe=Timeframe.H1)),
            "symbol_busy",
        ),
        (
            under("portfolio", replace_lower_timeframe=True),
            facts(live=live("BTCUSDT.BYBIT", timeframe=Timeframe.M5, bias=Bias.SHORT)),
            "opposite_position",
        ),
    ],
    ids=["not allowed to", "of the same timeframe", "of a longer one", "of the other side"],
)
def test_a_position_in_the_way_stays(limits: Change, held: Change, rule: str) -> None:
    assert denied(changed(limits, held)).rule == rule


def test_a_longer_timeframe_takes_the_place_even_where_all_are_taken() -> None:
    taken = facts(live=(*live("BTCUSDT.BYBIT", timeframe=Timeframe.M5), *live("ETHUSDT.BYBIT", "SOLUSDT.BYBIT")))
    decision = decide_entry(changed(under("portfolio", replace_lower_timeframe=True), taken), "run-1")
    assert (decision.intent, decision.denial, decision.replaces) == (None, None, "BTCUSDT.BYBIT")


def test_nothing_is_closed_for_a_plan_that_is_denied_anyway() -> None:
    question = changed(under("portfolio", replace_lower_timeframe=True), SAME, facts(checks=()))
    assert (denied(question).rule, decide_entry(question, "run-1").replaces) == ("data_checks", "")


def test_a_stop_at_the_entry_risks_nothing() -> None:
    safe = tuple(replace(one, stop_price=Decimal(1000)) for one in live("ETHUSDT.BYBIT", quantity="50"))
    assert admitted(changed(under("portfolio", max_total_risk_r=Decimal(1)), facts(live=safe))).quantity == Decimal(5)


def test_a_window_of_news_may_span_midnight() -> None:
    night = NewsWindow(time(23, 30), time(0, 30))
    at = [WAVE.replace(hour=hour, minute=minute) for hour, minute in ((23, 29), (23, 30), (0, 29), (0, 30))]
    assert [night.covers(one) for one in at] == [False, True, True, False]


def test_cooldowns_by_timeframe_take_the_place_of_the_one_of_all() -> None:
    stopped = facts(last_stop_loss_at=WAVE - timedelta(minutes=15))
    assert denied(changed(under("cooldowns", bars={Timeframe.M15: 2}), stopped)).rule == "cooldown"
    assert admitted(changed(under("cooldowns", bars={Timeframe.H1: 2}), stopped)).quantity == Decimal(5)


def test_limits_of_zero_are_none() -> None:
    limits = replace(LIMITS, max_open_positions=0, max_daily_loss=Decimal(0))
    crowd = facts(live=live(*(f"X{number}USDT.BYBIT" for number in range(20))), day_start_equity=None)
    assert admitted(changed(asked(limits=limits), crowd)).quantity == Decimal(5)


def test_what_a_backtest_does_not_ask_is_named() -> None:
    def of(limits: RiskLimits) -> tuple[str, ...]:
        return live_only(limits)

    assert of(LIMITS) == ()
    question = changed(under("circuit", soft=Decimal("0.02")), under("orders", max_stake=Decimal(5)))
    assert of(question.limits) == ("circuit_soft", "max_stake")


@pytest.mark.parametrize(
    ("rule", "limits", "change", "left"),
    [
        ("cooldown", asked(), facts(last_stop_loss_at=WAVE - timedelta(minutes=14)), timedelta(minutes=1)),
        ("cooldown_after_entry", under("cooldowns", after_entry_s=60), did(last_entry_at=WAVE - SECOND), 59 * SECOND),
        ("cooldown_after_loss", under("cooldowns", after_loss_s=300), facts(trades=closed("-1")), 240 * SECOND),
        ("anti_churn", under("cooldowns", anti_churn_s=900), side_traded(899), SECOND),
    ],
)
def test_a_rest_tells_when_it_is_over(rule: str, limits: Change, change: Change, left: timedelta) -> None:
    finding = denied(changed(limits, change))
    assert (finding.rule, finding.until) == (rule, WAVE + left)


def test_what_no_clock_ends_has_no_end() -> None:
    assert denied(changed(facts(live=live("BTCUSDT.BYBIT")))).until is None


def test_a_rest_is_told_before_taken_places() -> None:
    churned = changed(under("cooldowns", anti_churn_s=900), facts(live=live("A", "B", "C")))
    assert denied(side_traded(899)(churned)).rule == "anti_churn"
    assert denied(side_traded(900)(churned)).rule == "max_open_positions"
