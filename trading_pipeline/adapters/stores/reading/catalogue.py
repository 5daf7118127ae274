"""What may be looked at, collection by collection. Secrets are in none of them."""

from sqlalchemy import Column, Table, select

from trading_pipeline.adapters.stores.postgres import condition_tables, tables
from trading_pipeline.adapters.stores.postgres import research_tables as research
from trading_pipeline.adapters.stores.postgres.access_tables import api_keys, audit_trail, users
from trading_pipeline.adapters.stores.postgres.answers import VERDICTS
from trading_pipeline.adapters.stores.postgres.operations_tables import bar_uploads, limit_changes, notifications
from trading_pipeline.adapters.stores.reading.readable import Readable, readable
from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.orders import IntentState
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.domain.model.signals import Bias

_BAR = ("instrument_id", "timeframe")
_DECISION = ("instrument_id", "timeframe", "strategy", "bias")


def _positions() -> Readable:
    """A position's own instants are unknown until it is filled; that of its decision never changes."""
    position, plan = tables.positions, tables.trade_plans
    decided = select(position, plan.c.strategy, plan.c.close_time.label("decided_at"))
    source = decided.join(plan, plan.c.plan_id == position.c.plan_id).subquery("positions")
    return readable(
        "positions",
        "What a plan opened, from its first order on; a sum of its fills.",
        source,
        ("decided_at", "position_id"),
        filters=("account_id", "instrument_id", "strategy", "status", "plan_id"),
        identity="position_id",
        choices={"status": PositionStatus},
    )


def _of_setup(name: str, meaning: str) -> Readable:
    """Triggers and pivots with the bar of their setup."""
    table, setup = tables.metadata.tables[f"trading.{name}s"], research.setups
    bar = (setup.c.instrument_id, setup.c.timeframe, setup.c.close_time)
    source = select(table, *bar).join(setup, setup.c.setup_id == table.c.setup_id).subquery(f"{name}s")
    order = ("close_time", f"{name}_id")
    return readable(f"{name}s", meaning, source, order, filters=(*_BAR, "setup_id", "signal_id"), identity=f"{name}_id")


def _without(table: Table, *hidden: str) -> list[Column[object]]:
    return [column for column in table.c if column.name not in hidden]


_READABLE = (
    readable(
        "bars",
        "One bar as everything downstream reads it.",
        tables.bars,
        ("open_time", *_BAR),
        filters=_BAR,
        required=_BAR,
    ),
    readable(
        "tickers",
        "Best and reference prices, funding to come and open interest at one instant.",
        condition_tables.tickers,
        ("at", "instrument_id"),
        filters=("instrument_id",),
    ),
    readable(
        "instruments",
        "What the venue lists, as it said last: standing, steps, limits and fees.",
        condition_tables.instruments,
        ("read_at", "instrument_id"),
        filters=("instrument_id", "status"),
        identity="instrument_id",
    ),
    readable(
        "public_trades",
        "What somebody traded.",
        condition_tables.public_trades,
        ("at", "instrument_id", "trade_id"),
        filters=("instrument_id",),
        required=("instrument_id",),
    ),
    *(
        readable(name, meaning, table, ("at", "instrument_id"), filters=("instrument_id",))
        for name, meaning, table in (
            ("book_snapshots", "A whole order book.", condition_tables.book_snapshots),
            ("funding_rates", "Funding as it was settled.", condition_tables.funding_rates),
            ("open_interest", "Contracts held at a full hour.", condition_tables.open_interest),
            ("mark_bars", "The mark price over an hour.", condition_tables.mark_bars),
        )
    ),
    readable(
        "checks",
        "A verdict about one bar.",
        VERDICTS.subquery("checks"),
        ("close_time", "name", *_BAR),
        filters=(*_BAR, "name"),
        required=_BAR,
    ),
    readable(
        "quality_events",
        "Something that was noticed about market data and decides nothing.",
        tables.quality_events,
        ("at", "event_id"),
        filters=(*_BAR, "kind", "severity"),
        identity="event_id",
    ),
    readable(
        "waves",
        "A closing instant of a timeframe, from its first bar to its plans.",
        tables.waves,
        ("close_time", "timeframe"),
        filters=("timeframe",),
    ),
    readable(
        "indicator_snapshots",
        "The indicators of one bar; one that is warming up is left out.",
        tables.indicator_snapshots,
        ("close_time", *_BAR),
        filters=_BAR,
        required=_BAR,
    ),
    readable(
        "setups",
        "The structure behind a divergence signal.",
        research.setups,
        ("close_time", "setup_id"),
        filters=(*_BAR, "bias", "signal_id"),
        identity="setup_id",
    ),
    _of_setup("trigger", "Which confirmations a setup had."),
    _of_setup("pivot", "One of the three extremes of a setup."),
    readable(
        "signals",
        "A strategy enters or leaves at a close.",
        tables.signals,
        ("close_time", "signal_id"),
        filters=(*_DECISION, "kind"),
        identity="signal_id",
        choices={"bias": Bias},
    ),
    readable(
        "plans",
        "What is to be done about a signal.",
        tables.trade_plans,
        ("close_time", "plan_id"),
        filters=(*_DECISION, "status", "signal_id"),
        identity="plan_id",
        choices={"bias": Bias, "status": PlanStatus},
    ),
    readable(
        "orders",
        "An order as it was meant, and what became of it.",
        tables.order_intents,
        ("intended_at", "order_link_id"),
        filters=("account_id", "instrument_id", "state", "purpose", "plan_id", "position_id"),
        identity="order_link_id",
        choices={"state": IntentState},
    ),
    readable(
        "fills",
        "An execution at the venue, or a funding payment.",
        tables.fills,
        ("executed_at", "account_id", "execution_id"),
        filters=("account_id", "instrument_id", "position_id", "order_link_id", "kind"),
    ),
    _positions(),
    readable(
        "traces",
        "A step of a plan, of its orders, fills or position, as the database saw it happen.",
        tables.execution_traces,
        ("at", "trace_id"),
        filters=("account_id", "instrument_id", "plan_id", "position_id", "order_link_id", "subject", "step"),
    ),
    readable(
        "equity",
        "What an account had of one currency.",
        tables.equity_snapshots,
        ("read_at", "account_id", "currency"),
        filters=("account_id", "currency"),
    ),
    readable("halts", "Nothing new is entered in its scope.", tables.halts, ("since", "scope"), identity="scope"),
    readable(
        "commands",
        "A line of the record of what people ordered.",
        tables.operator_commands,
        ("written_at", "record_id"),
        filters=("command_id", "actor", "verb", "scope", "outcome"),
    ),
    readable(
        "risk_events",
        "What a rule of the gate or of the account's watch found, and what it did about it.",
        tables.risk_events,
        ("at", "event_id"),
        filters=("account_id", "instrument_id", "plan_id", "rule", "action"),
    ),
    readable(
        "differences",
        "Where venue and ledger disagreed, from when until when.",
        tables.reconciliation_log,
        ("found_at", "difference_id"),
        filters=("account_id", "instrument_id", "kind"),
    ),
    readable(
        "backtests",
        "A finished backtest with its figures; the curve stands under /equity.",
        research.backtest_runs,
        ("written_at", "run_id"),
        columns=_without(research.backtest_runs, "equity_close_ms", "equity"),
        filters=("strategy", "timeframe"),
        identity="run_id",
    ),
    readable(
        "backtest_curves",
        "What the account of a backtest was worth at each close.",
        research.backtest_runs,
        ("written_at", "run_id"),
        columns=[research.backtest_runs.c[name] for name in ("run_id", "written_at", "equity_close_ms", "equity")],
        identity="run_id",
    ),
    readable(
        "backtest_trades",
        "One trade of a backtest.",
        research.backtest_trades,
        ("entry_time", "position", "trade_id"),
        filters=("run_id", "instrument_id"),
        required=("run_id",),
        identity="trade_id",
    ),
    readable(
        "calibrations",
        "What AVI-5 learned from a window.",
        research.avi5_calibrations,
        ("calibrated_at", "calibration_id"),
    ),
    readable(
        "notifications",
        "An alert, as the operator was told it.",
        notifications,
        ("told_at", "notification_id"),
        filters=("severity", "subject"),
    ),
    readable(
        "limit_changes",
        "A limit that somebody changed while everything ran; where it does not stand, the file decides again.",
        limit_changes,
        ("changed_at", "change_id"),
        filters=("key", "actor", "request_id"),
    ),
    readable(
        "bar_uploads",
        "A file of bars that waits to be taken.",
        bar_uploads,
        ("uploaded_at", "upload_id"),
        columns=_without(bar_uploads, "content"),
        filters=("actor", "symbol"),
        identity="upload_id",
    ),
    readable(
        "users",
        "Who may sign in.",
        users,
        ("created_at", "user_id"),
        columns=_without(users, "password_hash", "totp_secret", "totp_step", "offered_secret", "offered_at"),
        filters=("role",),
        identity="name",
        choices={"role": Role},
    ),
    readable(
        "api_keys",
        "A program's credential; its secret is nowhere.",
        api_keys,
        ("created_at", "key_id"),
        columns=_without(api_keys, "secret_hash"),
        filters=("user_id",),
        identity="key_id",
    ),
    readable(
        "audit",
        "Who did what.",
        audit_trail,
        ("written_at", "number"),
        filters=("actor", "action", "subject", "outcome", "request_id"),
    ),
)

READABLE = {one.collection.name: one for one in _READABLE}
