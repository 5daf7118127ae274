"""Questions to the gate, and what it answers: one that nothing is against, and changes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.books import BookReading
from trading_pipeline.domain.model.checks import CheckName, DataCheck
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderIntent
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.entry import EntryQuestion, GateFacts, MarketConditions
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.gate import decide_entry
from trading_pipeline.domain.risk.held import Activity, ClosedTrade, LivePosition, TradeRecord
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.risk.rules.base import EntryRule
from trading_pipeline.domain.risk.rules.catalog import ENTRY_RULES
from trading_pipeline_tests.testkit.builders import ACCOUNT, instrument, usdt_wallet
from trading_pipeline_tests.testkit.execution_lab import GUARDS, LIMITS, WAVE, trade_plan

PLAN = trade_plan()
CHECKS = tuple(DataCheck(PLAN.instrument_id, PLAN.timeframe, PLAN.close_time, name, True, "") for name in CheckName)
IDLE = Activity(0, Decimal(0), 0, Decimal(0), None)
"""An account that has done nothing."""
UNTRADED = TradeRecord((), Decimal(0), None)
FACTS = GateFacts(
    account_id=ACCOUNT,
    checks=CHECKS,
    halts=(),
    live=(),
    last_stop_loss_at=None,
    day_start_equity=Decimal(10_000),
    pending_notional=Decimal(0),
    day_low_equity=Decimal(10_000),
    peak_equity=Decimal(10_000),
    activity=IDLE,
    trades=UNTRADED,
    volatility_pct=Decimal(1),
)
WALLET = usdt_wallet(Decimal(10_000), WAVE)
QUESTION = EntryQuestion(PLAN, FACTS, WALLET, instrument(), LIMITS, WAVE)

BOOK = BookReading(WAVE, Decimal(5), Decimal(1_000_000), Decimal(0), Decimal(0))
CONDITIONS = MarketConditions(BOOK, WAVE + timedelta(minutes=15))
GUARDED = replace(QUESTION, plan=replace(PLAN, guards=GUARDS), conditions=CONDITIONS)


def live(
    *instrument_ids: str, bias: Bias = Bias.LONG, timeframe: Timeframe = Timeframe.M15, quantity: str = "1"
) -> tuple[LivePosition, ...]:
    """A position in each instrument, 1 at 1000 with its stop 10 away."""
    stop = Decimal(990) if bias is Bias.LONG else Decimal(1010)
    return tuple(
        LivePosition(one, InstrumentId(one), timeframe, bias, Decimal(quantity), Decimal(1000), stop)
        for one in instrument_ids
    )


Change = Callable[[EntryQuestion], EntryQuestion]


def facts(**changes: object) -> Change:
    return lambda question: replace(question, facts=replace(question.facts, **changes))  # type: ignore[arg-type]


def plan(**changes: object) -> Change:
    return lambda question: replace(question, plan=replace(question.plan, **changes))  # type: ignore[arg-type]


def asked(**changes: object) -> Change:
    return lambda question: replace(question, **changes)  # type: ignore[arg-type]


def admitted(question: EntryQuestion) -> OrderIntent:
    """The entry that nothing is against."""
    intent = decide_entry(question, "run-1").intent
    assert intent is not None
    return intent


def denied(question: EntryQuestion, rules: tuple[EntryRule, ...] = ENTRY_RULES) -> Finding:
    """What decided against it."""
    decision = decide_entry(question, "run-1", rules)
    assert decision.intent is None
    assert decision.denial is not None
    return decision.denial


def under(section: str, **changes: object) -> Change:
    """Other limits of a section."""

    def changed(question: EntryQuestion) -> EntryQuestion:
        values = replace(getattr(question.limits, section), **changes)
        return replace(question, limits=replace(question.limits, **{section: values}))

    return changed


def closed(*nets: str, minutes_ago: float = 1) -> TradeRecord:
    """Trades with these results, newest first, a minute apart."""
    trades = [
        ClosedTrade(WAVE - timedelta(minutes=minutes_ago + place), Decimal(net)) for place, net in enumerate(nets)
    ]
    return TradeRecord(tuple(trades), sum((Decimal(net) for net in nets), Decimal(0)), None)


def limited(limits: RiskLimits, question: EntryQuestion = QUESTION) -> EntryQuestion:
    """The question under other limits."""
    return replace(question, limits=limits)
