"""A context on a real ledger and a fake venue, with plans to execute."""

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import Engine, insert, select, update

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.execution.ledger_signals import PostgresSignalReader
from trading_pipeline.adapters.stores.execution.reconciliation_log import PostgresReconciliationLog
from trading_pipeline.adapters.stores.execution.risk_store import PostgresEntryGate, PostgresHaltRegister
from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
from trading_pipeline.adapters.stores.postgres.tables import (
    bars,
    data_checks,
    indicator_snapshots,
    signals,
    trade_plans,
    waves,
)
from trading_pipeline.adapters.stores.strategy.plan_rows import plan_values
from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.lifecycle.lifecycle import Lifecycle
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.commands import CommandVerb, OperatorCommand
from trading_pipeline.domain.model.guards import EntryGuards
from trading_pipeline.domain.model.halts import HaltScope
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import PlanStatus, Runner, Target, TradePlan, plan_id_of
from trading_pipeline.domain.model.signals import Bias, Signal, SignalKind, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.entry_size import sizing_inputs
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.ports.notifications import Notifier, Severity
from trading_pipeline.services.execution.controls import Controls
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.retry_policy import RetryPolicy
from trading_pipeline_tests.testkit.builders import ACCOUNT, instrument
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fake_venue import FakeVenue
from trading_pipeline_tests.testkit.fakes_market_data import FakeMarket

WAVE = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
GUARDS = EntryGuards(Decimal(5), Decimal(1_000_000), 5, 15, 5)
LIMITS = RiskLimits(Decimal("0.005"), 3, Decimal(5), Decimal("0.05"), 1, 10, 1)
COSTS = Costs(Decimal(2), Decimal("5.5"), Decimal(0), Decimal("0.0001"), 8)
LIFECYCLE = Lifecycle(
    targets=(Target(Decimal(1), Decimal("0.4")), Target(Decimal(2), Decimal("0.4"))),
    runner=Runner(Decimal("0.2"), Decimal(3), 14),
    limits=LIMITS,
    costs=COSTS,
)


def trade_plan(
    instrument_id: str = "BTCUSDT.BYBIT",
    bias: Bias = Bias.LONG,
    close_time: datetime = WAVE,
    timeframe: Timeframe = Timeframe.M15,
    strategy: str = "ema_atr",
) -> TradePlan:
    """A plan entered at 1000 with its stop 10 away, 40 % at 1 R, 40 % at 2 R, 20 % runner; valid for a bar."""
    key = decision_key(strategy, instrument_id, timeframe, close_time, bias)
    return TradePlan(
        plan_id=plan_id_of(key),
        signal_id=key,
        strategy=strategy,
        strategy_version="0123456789ab",
        instrument_id=InstrumentId(instrument_id),
        timeframe=timeframe,
        close_time=close_time,
        bias=bias,
        entry_price=Decimal(1000),
        stop_price=Decimal(990) if bias is Bias.LONG else Decimal(1010),
        targets=LIFECYCLE.targets,
        runner=LIFECYCLE.runner,
        score=Decimal(50),
        valid_until=close_time + timeframe.duration,
        next_bar_rule=None,
        sizing=sizing_inputs(LIMITS),
        setup_id=None,
    )


def store_plan(database: Engine, plan: TradePlan, status: PlanStatus = PlanStatus.NEW, checks: bool = True) -> None:
    """Store the plan with its signal, and passed checks of its bar."""
    values = plan_values(plan)
    shared = {name: value for name, value in values.items() if name in signals.c}
    with database.begin() as connection:
        connection.execute(insert(signals).values(**shared, kind="entry", details={}, live=True))
        connection.execute(insert(trade_plans).values(**values, status=status.value, run_id="planning-run"))
    if checks:
        store_checks(database, plan)


def store_wave(database: Engine, timeframe: Timeframe, close_time: datetime = WAVE, *, computed: bool = True) -> None:
    """Let a timeframe be heard to close, and be computed or not."""
    at = datetime.now(UTC) if computed else None
    with database.begin() as connection:
        connection.execute(insert(waves).values(close_time=close_time, timeframe=timeframe.value, computed_at=at))


def exit_signal(plan: TradePlan, close_time: datetime) -> Signal:
    """The plan's strategy leaves the plan's side at a close of its timeframe, at the plan's entry price."""
    return Signal(
        signal_id=decision_key(
            plan.strategy, plan.instrument_id, plan.timeframe, close_time, plan.bias, SignalKind.EXIT
        ),
        strategy=plan.strategy,
        strategy_version=plan.strategy_version,
        instrument_id=plan.instrument_id,
        timeframe=plan.timeframe,
        close_time=close_time,
        bias=plan.bias,
        entry_price=plan.entry_price,
        stop_price=None,
        score=Decimal(0),
        kind=SignalKind.EXIT,
    )


def store_signal(database: Engine, signal: Signal) -> None:
    """Store a signal that a wave found and no plan was made of."""
    with database.begin() as connection:
        connection.execute(insert(signals).values(**asdict(signal), live=True))


def store_checks(database: Engine, plan: TradePlan, failed: CheckName | None = None) -> None:
    """Store the verdicts about the plan's bar, all passed but one."""
    bar = {
        "instrument_id": plan.instrument_id,
        "timeframe": plan.timeframe.value,
        "close_time": plan.close_time,
    }
    answers = {name.value: "one bar missing" if name is failed else "" for name in CheckName}
    with database.begin() as connection:
        connection.execute(insert(data_checks), bar | answers)


def store_bar(
    database: Engine,
    instrument_id: str,
    close_time: datetime,
    close: Decimal,
    atr: float,
    momentum: float | None = None,
) -> None:
    """Store a closed 15m bar with its ATR and, where known, its MACD histogram."""
    values = {"atr_14": atr} if momentum is None else {"atr_14": atr, "macd_histogram": momentum}
    store_snapshot(database, instrument_id, Timeframe.M15, close_time, close, values)


def store_snapshot(
    database: Engine,
    instrument_id: str,
    timeframe: Timeframe,
    close_time: datetime,
    close: Decimal,
    values: dict[str, float],
) -> None:
    """Store a closed bar without movement, and these indicators of it."""
    key = {"instrument_id": instrument_id, "timeframe": timeframe.value, "close_time": close_time}
    prices = dict.fromkeys(("open", "high", "low", "close", "volume", "turnover"), close)
    with database.begin() as connection:
        connection.execute(
            insert(bars).values(**key, **prices, open_time=close_time - timeframe.duration, source="rest")
        )
        connection.execute(insert(indicator_snapshots).values(**key, values=values))


def operator_command(
    verb: CommandVerb, scope: str = "all", reason: str = "because", command_id: str = "c-1"
) -> OperatorCommand:
    """A command that ann gives when the wave closes."""
    return OperatorCommand(command_id, verb, HaltScope(scope), "ann", reason, WAVE)


class Postbox(Notifier):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.messages: list[tuple[Severity, str, str]] = []

    def notify(self, severity: Severity, subject: str, body: str) -> None:
        """Remember."""
        self.messages.append((severity, subject, body))

    def subjects(self, severity: Severity) -> list[str]:
        """Subjects of one severity, in order."""
        return [subject for kind, subject, _ in self.messages if kind is severity]


@dataclass
class Lab:
    """One account: real ledger, fake venue and clock."""

    database: Engine
    clock: FakeClock = field(default_factory=lambda: FakeClock(WAVE))
    postbox: Postbox = field(default_factory=Postbox)
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        prices = {"BTCUSDT.BYBIT": Decimal(1000), "SOLUSDT.BYBIT": Decimal(1000), "ADAUSDT.BYBIT": Decimal(1000)}
        self.venue = FakeVenue(self.clock, prices)
        self.market = FakeMarket(self.clock)
        self.accounts = PostgresAccountRegister(self.database)
        self.register()
        self.ledger = PostgresLedger(self.database, ACCOUNT)
        self.gate = PostgresEntryGate(self.database, ACCOUNT)
        self.halts = PostgresHaltRegister(self.database)
        self.equity = PostgresEquityLog(self.database, ACCOUNT)
        self.commands = PostgresCommandLog(self.database)
        self.controls = Controls(self.halts, self.commands, self.postbox)

    def register(self) -> None:
        """Name the account, as every run does first; again after a migration."""
        self.accounts.register(ACCOUNT, "the lab's key")

    def gate_of(self, run_id: str) -> PostgresEntryGate:
        """The gate of any run."""
        return self.gate

    def context(self, run_id: str = "run-1") -> ExecutionContext:
        """The context of one run."""
        return ExecutionContext(
            run_id=run_id,
            account_id=ACCOUNT,
            ledger=self.ledger,
            trading=self.venue,
            market=self.market,
            signals=PostgresSignalReader(self.database),
            halts=self.halts,
            differences=PostgresReconciliationLog(self.database, ACCOUNT),
            notifier=self.postbox,
            clock=self.clock,
            limits=LIMITS,
            instruments={instrument_id: instrument(instrument_id) for instrument_id in self.venue.prices},
            retries=RetryPolicy(tries=3, interval_s=0.0, lookup_window_s=0.0, pause=self.pauses.append),
        )

    def retrying_context(self, run_id: str = "run-1") -> ExecutionContext:
        """A context whose lookup window does not end during a test."""
        context = self.context(run_id)
        return replace(context, retries=replace(context.retries, lookup_window_s=3600.0))

    def plan_status(self, plan: TradePlan) -> tuple[PlanStatus, str]:
        """Status and reason as stored."""
        query = select(trade_plans.c.status, trade_plans.c.status_reason).where(trade_plans.c.plan_id == plan.plan_id)
        with self.database.connect() as connection:
            status, reason = connection.execute(query).one()
        return PlanStatus(status), reason

    def end_leases(self) -> None:
        """Let every claim's wall time be over."""
        with self.database.begin() as connection:
            connection.execute(
                update(trade_plans)
                .where(trade_plans.c.claimed_until.is_not(None))
                .values(claimed_until=datetime(2000, 1, 1, tzinfo=UTC))
            )
