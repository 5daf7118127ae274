"""The schema ``trading``: where every fact of the system is kept.

Money, prices and quantities are NUMERIC, times are ``timestamptz`` in UTC. A row that a run wrote
carries the run's id, so every fact leads back to the run and every run to its facts.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from trading_pipeline.adapters.stores.postgres.columns import instant as _instant
from trading_pipeline.adapters.stores.postgres.columns import run_id as _run_id
from trading_pipeline.adapters.stores.postgres.columns import written_at as _written_at
from trading_pipeline.domain.model.checks import CheckName

metadata = MetaData(schema="trading")


def _prices() -> list[Column[object]]:
    names = ("open", "high", "low", "close", "volume", "turnover")
    return [Column(name, Numeric, nullable=False) for name in names]


raw_bars = Table(
    "raw_bars",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("timeframe", Text, primary_key=True),
    Column("open_time", DateTime(timezone=True), primary_key=True),
    Column("source", Text, primary_key=True),
    _instant("close_time"),
    *_prices(),
    _run_id(),
    _written_at("received_at"),
    Column("heard_in", BigInteger, server_default=text("((pg_current_xact_id())::text)::bigint")),
    # A wave counts who was heard at its close, and the key begins with the instrument.
    Index("raw_bars_by_close", "close_time"),
    Index("raw_bars_by_transaction", "heard_in", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)
"""What was heard, by source. A source that tells a bar otherwise later revises its row, and ``bar_revisions`` keeps
what it said; no row is ever removed. ``heard_in`` is the transaction, NULL for rows of before the column: what a
snapshot could see is asked by it, as no clock tells it."""

waves = Table(
    "waves",
    metadata,
    Column("close_time", DateTime(timezone=True), primary_key=True),
    Column("timeframe", Text, primary_key=True),
    _written_at("first_bar_at"),
    _instant("computed_at", nullable=True),
    Column("run_id", Text),
    Column("heard", Text),
    Column("decided_by", Text),
    Column("unanswered", ARRAY(Text), nullable=False, server_default="{}"),
    _instant("given_up_at", nullable=True),
    Index("waves_pending", "close_time", postgresql_where=text("computed_at IS NULL AND given_up_at IS NULL")),
)
"""One row per closing instant and timeframe, from the first live bar heard to its stored plans.
``first_bar_at`` and ``computed_at`` are wall times; ``heard`` is the snapshot in which the run read raw bars and
``decided_by`` the digest of code and parameters; ``unanswered`` are the instruments about which a strategy failed.
``given_up_at``, wall time, is of a wave that nobody tries to compute any more."""

bars = Table(
    "bars",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("timeframe", Text, primary_key=True),
    Column("open_time", DateTime(timezone=True), primary_key=True),
    _instant("close_time"),
    *_prices(),
    Column("source", Text, nullable=False),
    _run_id(),
)
"""One row per bar: what everything downstream reads."""

listings = Table(
    "listings",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("timeframe", Text, primary_key=True),
    _instant("asked_from"),
    _instant("first_open"),
    _run_id(),
)
"""The first bar the venue has of an instrument: asked for everything since ``asked_from``, it had nothing
before ``first_open``. What is absent before it is no gap."""

bar_revisions = Table(
    "bar_revisions",
    metadata,
    Column("revision_id", BigInteger, Identity(), primary_key=True),
    Column("instrument_id", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    _instant("open_time"),
    Column("source", Text, nullable=False),
    Column("was", JSONB),
    Column("became", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("command_id", Text, nullable=False),
    _written_at(),
    _run_id(),
    Index("bar_revisions_by_bar", "instrument_id", "timeframe", "open_time"),
)
"""Append-only: bars of ``raw_bars`` that were told otherwise than before (``reason`` is empty) or that a person mended,
by the command of that id. ``was`` is null where there was no bar."""

absent_bars = Table(
    "absent_bars",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("timeframe", Text, primary_key=True),
    Column("open_time", DateTime(timezone=True), primary_key=True),
    _instant("asked_at"),
    _instant("asked_again_at", nullable=True),
    Column("answer", Text, nullable=False),
    _run_id(),
)
"""Bars that the venue was asked for and did not have, with venue times; asked for twice they are an outage, unless
somebody told the bar since."""

quality_events = Table(
    "quality_events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    _instant("at"),
    Column("instrument_id", Text),
    Column("timeframe", Text),
    _instant("close_time", nullable=True),
    Column("detail", JSONB, nullable=False),
    Column("told_apart_by", Text, nullable=False),
    _written_at(),
    _run_id(),
    Index("quality_events_by_time", "at"),
)
"""Append-only: what was noticed about market data, at venue time ``at``; it never decides about a trade."""

book_samples = Table(
    "book_samples",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("close_time", DateTime(timezone=True), primary_key=True),
    _instant("book_at"),
    Column("spread_bps", Numeric, nullable=False),
    Column("depth_usdt", Numeric, nullable=False),
    Column("imbalance_signed", Numeric, nullable=False),
    Column("microprice_bps", Numeric, nullable=False),
    _written_at("received_at"),
)
"""Append-only: what the order book said at the close of bars; ``book_at`` is venue time. No row: unknown."""

data_checks = Table(
    "data_checks",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("timeframe", Text, primary_key=True),
    Column("close_time", DateTime(timezone=True), primary_key=True),
    *(Column(name.value, Text) for name in CheckName),
    Column(
        "passed",
        Boolean,
        Computed(" AND ".join(f"COALESCE({name}, '?') = ''" for name in CheckName), persisted=True),
        nullable=False,
    ),
    _run_id(),
    # Verdicts are many and failures few: a partial index finds these at once and costs a sound bar nothing.
    Index("data_checks_failed", "timeframe", "close_time", postgresql_where=text("NOT passed")),
)
"""What speaks against a bar, a column for each question: empty nothing, null it was not asked."""

indicator_snapshots = Table(
    "indicator_snapshots",
    metadata,
    Column("instrument_id", Text, primary_key=True),
    Column("timeframe", Text, primary_key=True),
    Column("close_time", DateTime(timezone=True), primary_key=True),
    Column("values", JSONB, nullable=False),
    _run_id(),
)
"""``values``: indicator name to number; an indicator that is still warming up is left out."""

signals = Table(
    "signals",
    metadata,
    Column("signal_id", Text, primary_key=True),
    Column("strategy", Text, nullable=False),
    Column("strategy_version", Text, nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    _instant("close_time"),
    Column("kind", Text, nullable=False),
    Column("bias", Text, nullable=False),
    Column("entry_price", Numeric, nullable=False),
    Column("stop_price", Numeric),
    Column("score", Numeric, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("live", Boolean, nullable=False, server_default="false"),
    _run_id(),
    # An entry without a stop could not be sized, whatever code wrote it.
    CheckConstraint("(kind = 'entry') = (stop_price IS NOT NULL)", name="signals_entries_have_a_stop"),
    # A merge asks by bar what its range no longer has; lists are paged by time and id, which together are one place.
    Index("signals_by_bar", "instrument_id", "timeframe", "close_time"),
    Index("signals_by_time", "close_time", "signal_id"),
)
"""``kind``: ``entry``, or ``exit``, which has no stop; an exit's ``bias`` is that of the position it closes and its
``entry_price`` the close of its bar. ``live``: a wave's run found it, so it may lead to an order; what backfills alone
have found never does."""

trade_plans = Table(
    "trade_plans",
    metadata,
    Column("plan_id", Text, primary_key=True),
    # A signal is planned once, however often its day is computed.
    Column("signal_id", Text, ForeignKey(signals.c.signal_id), nullable=False, unique=True),
    Column("strategy", Text, nullable=False),
    Column("strategy_version", Text, nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    _instant("close_time"),
    Column("bias", Text, nullable=False),
    Column("entry_price", Numeric, nullable=False),
    Column("stop_price", Numeric, nullable=False),
    Column("targets", JSONB, nullable=False),
    Column("runner", JSONB, nullable=False),
    # Without ``none_as_null`` nothing would be JSON's null, which IS NULL does not find.
    Column("exit_rules", JSONB(none_as_null=True)),
    Column("entry_order", JSONB(none_as_null=True)),
    Column("levels", JSONB, nullable=False, server_default="[]"),
    Column("guards", JSONB(none_as_null=True)),
    Column("score", Numeric, nullable=False),
    Column("scoring", JSONB(none_as_null=True)),
    _instant("valid_until"),
    Column("next_bar_rule", JSONB(none_as_null=True)),
    Column("sizing", JSONB(none_as_null=True)),
    Column("setup_id", Text),
    Column("status", Text, nullable=False),
    Column("status_reason", Text, nullable=False, server_default=""),
    Column("run_id", Text, nullable=False),
    _written_at(),
    Column("claimed_by", Text),
    _instant("claimed_until", nullable=True),
    Index("trade_plans_by_time", "close_time", "plan_id"),
    # Asked at every tick of a sensor; nearly all plans are history by then.
    Index("trade_plans_pending", "close_time", postgresql_where=text("status IN ('new', 'claimed')")),
)
"""``exit_rules`` and ``entry_order`` (read as the defaults) and ``sizing`` are NULL in rows older than the columns.
``guards``: what the gate asks of the moment, NULL for nothing. ``next_bar_rule`` is NULL where it does not apply,
``setup_id`` where there is no setup, ``scoring`` where a score has no parts. ``run_id`` is the run that planned,
``claimed_by`` the run that executes; ``claimed_until`` is wall time."""

account_keys = Table(
    "account_keys",
    metadata,
    Column("key_fingerprint", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    _written_at("registered_at"),
)
"""Which account a key belongs to; the key itself is nowhere in the database."""

account_leases = Table(
    "account_leases",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("instance", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    _instant("renewed_at"),
)
"""Which running system has an account. A trigger lets rows of an account that has one here into the ledger only from
sessions that show its ``token`` as ``trading.fence``, which grows with each change of hands. ``renewed_at`` is wall
time."""

order_intents = Table(
    "order_intents",
    metadata,
    Column("order_link_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("plan_id", Text, ForeignKey(trade_plans.c.plan_id), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("order_type", Text, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("price", Numeric),
    Column("stop_loss", Numeric),
    Column("reduce_only", Boolean, nullable=False),
    _instant("valid_until"),
    Column("signal_id", Text, ForeignKey(signals.c.signal_id)),
    Column("position_id", Text, ForeignKey("trading.positions.position_id")),
    Column("layer", BigInteger, nullable=False, server_default="1"),
    Column("attempt", BigInteger, nullable=False, server_default="0"),
    Column("continues", Boolean, nullable=False, server_default="false"),
    Column("run_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("venue_order_id", Text),
    Column("filled_quantity", Numeric, nullable=False, server_default="0"),
    Column("average_price", Numeric),
    _written_at("intended_at"),
    _instant("sent_at", nullable=True),
    _instant("acknowledged_at", nullable=True),
    _instant("venue_updated_at", nullable=True),
    Index("order_intents_by_plan", "plan_id"),
    Index("order_intents_by_time", "intended_at", "order_link_id"),
    # Most orders come of a plan; only an exit that a signal asked for names one.
    Index("order_intents_by_signal", "signal_id", postgresql_where=text("signal_id IS NOT NULL")),
    Index(
        # The last guard: two runs that both come to write the same entry meet here, whatever they have read before.
        "order_intents_one_entry_per_layer",
        "position_id",
        "layer",
        "attempt",
        unique=True,
        postgresql_where=text("purpose = 'E'"),
    ),
    Index(
        # What is not over is asked for at every wave, and is a handful of rows in a table that only grows.
        "order_intents_open",
        "state",
        postgresql_where=text("state NOT IN ('filled', 'cancelled', 'rejected', 'expired', 'absent')"),
    ),
)
"""The ledger of what we meant to do. ``signal_id`` is that of an exit that a signal asked for. ``position_id``: what
the order opens, adds to or reduces; the entries of a position have one ``layer`` each, the orders of an entry one
``attempt`` each, and ``continues`` while another may follow; a target has the layer of the newest entry it is sized
by. A trigger lets ``state`` take the steps of an intent's life alone, and ``filled_quantity`` never
shrink. ``intended_at``, ``sent_at`` and ``acknowledged_at`` are wall times."""

fills = Table(
    "fills",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("execution_id", Text, primary_key=True),
    # No foreign key: what the venue or a person did without us is booked as well.
    Column("order_link_id", Text, nullable=False),
    Column("venue_order_id", Text, nullable=False),
    Column("position_id", Text),
    Column("instrument_id", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("price", Numeric, nullable=False),
    Column("fee", Numeric, nullable=False),
    Column("fee_currency", Text, nullable=False),
    Column("is_maker", Boolean, nullable=False),
    Column("kind", Text, nullable=False),
    _instant("executed_at"),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    _run_id(),
    _written_at("received_at"),
    Column("reference_price", Numeric),
    Column("slippage_bps", Numeric),
    # A position is summed up anew from its fills at each of them.
    Index("fills_by_position", "position_id"),
    Index("fills_by_order", "order_link_id"),
    Index("fills_by_time", "executed_at"),
)
"""``reference_price``: what the decision behind the order counted with, NULL where none was decided; ``slippage_bps``:
how much worse than that the fill was, negative where it was better."""

execution_traces = Table(
    "execution_traces",
    metadata,
    Column("trace_id", BigInteger, Identity(), primary_key=True),
    _written_at("at"),
    Column("account_id", Text),
    Column("plan_id", Text),
    Column("position_id", Text),
    Column("order_link_id", Text),
    Column("instrument_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    _run_id(),
    _instant("venue_at", nullable=True),
    Index("execution_traces_by_plan", "plan_id", "trace_id"),
    Index("execution_traces_by_time", "at", "trace_id"),
)
"""Append-only: every step of a plan, its orders, fills and position, written by triggers in the step's transaction.
``at`` is wall time, ``venue_at`` what the venue says where it said anything; ``run_id`` is the run that made the step,
empty for the feed."""

positions = Table(
    "positions",
    metadata,
    Column("position_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("plan_id", Text, ForeignKey(trade_plans.c.plan_id), nullable=False, unique=True),
    Column("instrument_id", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    Column("settlement_currency", Text, nullable=False),
    Column("bias", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("entry_quantity", Numeric, nullable=False),
    Column("entry_price", Numeric),
    Column("initial_stop_price", Numeric, nullable=False),
    Column("stop_price", Numeric, nullable=False),
    Column("realised_pnl", Numeric, nullable=False),
    Column("fees", Numeric, nullable=False),
    Column("funding", Numeric, nullable=False),
    _instant("opened_at", nullable=True),
    _instant("closed_at", nullable=True),
    Column("exit_reason", Text),
    _instant("managed_through", nullable=True),
    Column("stop_kind", Text, server_default="stop_loss"),
    Column("runner_stop_price", Numeric),
    Column("booked_fills", BigInteger, nullable=False, server_default="0"),
    Column("followed_fills", BigInteger, nullable=False, server_default="0"),
    _run_id(),
    Index(
        "positions_one_live_per_instrument",
        "account_id",
        "instrument_id",
        unique=True,
        postgresql_where=text("status IN ('opening', 'open')"),
    ),
    # For the gate, which reads the newest trades at every entry, when a side was last left, and, with the very
    # condition, when one was last stopped out.
    Index("positions_by_close", "account_id", "closed_at"),
    Index("positions_by_side", "account_id", "instrument_id", "bias", "closed_at"),
    Index(
        "positions_stopped",
        "account_id",
        "instrument_id",
        "timeframe",
        "closed_at",
        postgresql_where=text("exit_reason = 'stop_loss'"),
    ),
)
"""``positions_one_live_per_instrument`` makes a second live position of an account in an instrument impossible. Profit,
``fees`` and ``funding`` are in ``settlement_currency``; ``fees`` are without ``funding``, both are positive when paid.
``stop_kind``: what set ``stop_price``, NULL where nobody remembers. ``booked_fills`` above ``followed_fills``: a fill
waits for its answer."""

equity_snapshots = Table(
    "equity_snapshots",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("read_at", DateTime(timezone=True), primary_key=True),
    Column("equity", Numeric, nullable=False),
    Column("balance", Numeric, nullable=False),
    Column("available", Numeric, nullable=False),
    Column("unrealised_pnl", Numeric, nullable=False),
    _run_id(),
    # A day of all accounts is asked by time alone.
    Index("equity_snapshots_by_time", "read_at"),
)

halts = Table(
    "halts",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("account_id", Text),
    Column("instrument_id", Text),
    Column("reason", Text, nullable=False),
    _instant("since"),
    Column("flatten", Boolean, nullable=False, server_default="false"),
    _run_id(),
    # In the key, so that a person's halt and the circuit breaker's stand beside each other and end apart.
    Column("kind", Text, primary_key=True, server_default="halt"),
    _instant("until", nullable=True),
)
"""No new entries while a row stands. ``scope`` is account and instrument as one text; a part that is NULL covers every
one, both are NULL for ``all``, the kill switch. ``flatten``: what is open in it is closed, too. ``kind``: who sets and
who ends it; ``until`` is venue time, NULL where somebody has to lift it."""

risk_events = Table(
    "risk_events",
    metadata,
    Column("event_id", BigInteger, Identity(), primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("plan_id", Text, ForeignKey(trade_plans.c.plan_id)),
    Column("instrument_id", Text),
    Column("rule", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("value", Numeric),
    Column("limit", Numeric),
    Column("sentence", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    _instant("at"),
    _written_at(),
    _instant("until", nullable=True),
    # Asked when a run that died comes back to a plan; what the account's watch found belongs to none.
    Index("risk_events_by_plan", "plan_id", postgresql_where=text("plan_id IS NOT NULL")),
    Index("risk_events_by_time", "account_id", "at"),
)
"""Append-only, which a trigger enforces: every refusal, reduction and warning of the gate, and what the account's own
watch decided, which has no plan. ``at`` is venue time; ``value`` and ``limit`` are NULL where there is no number,
``until``, from which on a rest is over, where no clock decides."""

operator_commands = Table(
    "operator_commands",
    metadata,
    Column("record_id", BigInteger, Identity(), primary_key=True),
    Column("command_id", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _instant("given_at"),
    Column("run_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    _written_at(),
    Index("operator_commands_by_command", "command_id"),
)
"""Append-only, which a trigger enforces: what people ordered, ``asked`` before it was done and what came of it after.
``given_at`` is wall time; ``run_id`` is empty where the command line did it."""

reconciliation_log = Table(
    "reconciliation_log",
    metadata,
    Column("difference_id", BigInteger, Identity(), primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    _instant("found_at"),
    Column("subject", Text, nullable=False, server_default=""),
    _instant("last_seen_at"),
    Column("sightings", BigInteger, nullable=False, server_default="1"),
    _instant("gone_at", nullable=True),
    Column("gone_run_id", Text, nullable=False, server_default=""),
    Index(
        # A difference stands once; the lives it had before stay as rows beside it.
        "reconciliation_log_standing",
        "account_id",
        "instrument_id",
        "kind",
        "subject",
        unique=True,
        postgresql_where=text("gone_at IS NULL"),
    ),
)
"""One row per difference and life: seen first by ``run_id`` at ``found_at``, ``sightings`` times, and found gone by
``gone_run_id`` at ``gone_at``, NULL while it stands. ``subject`` is the order it is about. Times are venue time."""

backfill_runs = Table(
    "backfill_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("upserts", BigInteger, nullable=False, server_default="0"),
    Column("pages", BigInteger, nullable=False, server_default="0"),
    Column("truncated", Boolean, nullable=False, server_default="false"),
    _written_at("started_at"),
    _instant("finished_at", nullable=True),
    Column("actor", Text, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Index("backfill_runs_by_time", "started_at"),
)
"""One row per history that somebody loaded, from the venue (``rest``) or from a file (``file``); its ``run_id`` stands
in the bars. ``upserts`` counts bars sent, whether they were new or not; times are wall time."""

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("component", Text, primary_key=True),
    Column("detail", Text, nullable=False),
    _written_at("beat_at"),
)
