"""Venue against ledger."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.exits import ALWAYS_VALID
from trading_pipeline.domain.risk.differences import DifferenceKind
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.compare_account import compare_account
from trading_pipeline.services.execution.prove_stop import Protection
from trading_pipeline.services.execution.reconcile_account import ReconcileResult, reconcile_account
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

PLAN = trade_plan()


@pytest.fixture
def lab(database: Engine) -> Lab:
    """An account with one open, protected long of 5."""
    lab = Lab(database)
    store_plan(database, PLAN)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return lab


def reconcile(lab: Lab) -> ReconcileResult:
    return reconcile_account(context=lab.context("run-r"))


def test_agreement_finds_nothing_and_halts_nothing(lab: Lab) -> None:
    assert reconcile(lab).differences == ()
    assert lab.halts.halts() == []


@pytest.mark.parametrize(
    ("instrument_id", "side", "quantity", "kind"),
    [
        ("SOLUSDT.BYBIT", Side.BUY, 3, DifferenceKind.UNKNOWN_POSITION),
        ("BTCUSDT.BYBIT", Side.BUY, 1, DifferenceKind.QUANTITY),
        ("BTCUSDT.BYBIT", Side.SELL, 9, DifferenceKind.UNKNOWN_POSITION),
    ],
)
def test_a_difference_halts_the_symbol_and_touches_nothing(
    lab: Lab, instrument_id: str, side: Side, quantity: int, kind: DifferenceKind
) -> None:
    lab.venue.trade(instrument_id, side, Decimal(quantity), Decimal(1000), FillKind.TRADE)
    posts, held = list(lab.venue.posts), lab.venue.positions()
    result = reconcile(lab)
    assert [one.kind for one in result.differences] == [kind]
    assert [halt.scope for halt in lab.halts.halts()] == [f"{ACCOUNT}/{instrument_id}"]
    assert (lab.venue.posts, lab.venue.positions()) == (posts, held)


def test_a_short_that_agrees_is_no_difference(lab: Lab) -> None:
    short = trade_plan("SOLUSDT.BYBIT", Bias.SHORT)
    store_plan(lab.database, short)
    execute_plans(context=lab.context("run-2"), gate=lab.gate, equity=lab.equity)
    assert [held.side for held in lab.venue.positions()] == [Side.BUY, Side.SELL]
    assert reconcile(lab).differences == ()


def test_as_much_on_the_other_side_is_a_difference(lab: Lab) -> None:
    (held,) = lab.venue.positions()
    lab.venue.hold(replace(held, side=Side.SELL, stop_loss=Decimal(1010)))
    (found,) = reconcile(lab).differences
    assert found.kind is DifferenceKind.QUANTITY
    assert found.detail.endswith("on the sell side")


def test_what_is_seen_once_only_is_no_difference(lab: Lab) -> None:
    """One change on its way at each look: the first is gone when the second is there."""
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)

    def meanwhile(seconds: float) -> None:
        lab.venue.trade("SOLUSDT.BYBIT", Side.SELL, Decimal(3), Decimal(1000), FillKind.TRADE)
        lab.venue.trade("ADAUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)

    context = lab.context("run-r")
    context = replace(context, retries=replace(context.retries, pause=meanwhile))
    assert compare_account(context=context) == ()
    assert [one.instrument_id for one in compare_account(context=lab.context("run-r"))] == ["ADAUSDT.BYBIT"]


def by_hand(link_id: str) -> OrderIntent:
    """A limit that rests and that no plan asked for."""
    return OrderIntent(
        link_id, ACCOUNT, "none", Purpose.EXIT, "BTCUSDT.BYBIT", Side.SELL, OrderType.LIMIT,
        Decimal(1), Decimal(2000), None,
        reduce_only=True, valid_until=ALWAYS_VALID, run_id="none",
    )  # fmt: skip


def test_an_order_nobody_knows_is_reported(lab: Lab) -> None:
    lab.venue.submit(by_hand("by-hand"))
    assert [one.kind for one in reconcile(lab).differences] == [DifferenceKind.UNKNOWN_ORDER]


def test_a_close_nobody_told_us_of_is_booked_and_no_difference(lab: Lab) -> None:
    lab.clock.advance(timedelta(hours=1))
    lab.venue.move("BTCUSDT.BYBIT", Decimal(980))
    assert reconcile(lab).differences == ()


def test_a_naked_position_is_protected_at_once(lab: Lab) -> None:
    lab.venue.strip_stop("BTCUSDT.BYBIT")
    result = reconcile(lab)
    assert [one.protection for one in result.protected] == [Protection.REPAIRED_STOP]
    assert result.differences == ()


def test_a_standing_difference_halts_once_and_lifts_nothing(lab: Lab) -> None:
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    assert reconcile(lab).halted == (f"{ACCOUNT}/SOLUSDT.BYBIT",)
    assert reconcile(lab).halted == ()
    assert lab.postbox.subjects(Severity.CRITICAL) == [f"halted: {ACCOUNT}/SOLUSDT.BYBIT"]
    lab.venue.trade("SOLUSDT.BYBIT", Side.SELL, Decimal(3), Decimal(1000), FillKind.TRADE)
    assert reconcile(lab).differences == ()
    assert [halt.scope for halt in lab.halts.halts()] == [f"{ACCOUNT}/SOLUSDT.BYBIT"]


def test_what_was_found_is_kept_with_its_run(lab: Lab) -> None:
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    reconcile(lab)
    with lab.database.connect() as connection:
        rows = connection.execute(text("SELECT instrument_id, kind, run_id, found_at FROM trading.reconciliation_log"))
        assert [tuple(row) for row in rows] == [("SOLUSDT.BYBIT", "unknown_position", "run-r", WAVE)]


def log_of(lab: Lab) -> list[tuple[object, ...]]:
    """Kind, subject, sightings, length of its life in minutes and the run that found it gone, oldest first."""
    query = text("""
        SELECT kind, subject, sightings, extract(epoch FROM coalesce(gone_at, last_seen_at) - found_at)::int / 60,
            gone_run_id
        FROM trading.reconciliation_log ORDER BY difference_id
    """)
    with lab.database.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_difference_is_one_row_while_it_lasts(lab: Lab) -> None:
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    for quantity in (1, 2):
        reconcile(lab)
        lab.clock.advance(timedelta(minutes=1))
        lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(quantity), Decimal(1000), FillKind.TRADE)
    reconcile(lab)
    assert log_of(lab) == [("unknown_position", "", 3, 2, "")]
    lab.venue.trade("SOLUSDT.BYBIT", Side.SELL, Decimal(6), Decimal(1000), FillKind.TRADE)
    lab.clock.advance(timedelta(minutes=1))
    assert [one.kind for one in reconcile(lab).gone] == [DifferenceKind.UNKNOWN_POSITION]
    assert log_of(lab) == [("unknown_position", "", 3, 3, "run-r")]
    assert lab.postbox.subjects(Severity.INFO)[-1] == "agrees again: SOLUSDT.BYBIT"
    assert reconcile(lab).gone == ()


def test_a_difference_that_comes_back_lives_again(lab: Lab) -> None:
    for side in (Side.BUY, Side.SELL, Side.BUY):
        lab.venue.trade("SOLUSDT.BYBIT", side, Decimal(3), Decimal(1000), FillKind.TRADE)
        reconcile(lab)
    assert [(sightings, gone) for _, _, sightings, _, gone in log_of(lab)] == [(1, "run-r"), (1, "")]


def test_two_orders_of_one_instrument_are_two_differences(lab: Lab) -> None:
    for link_id in ("by-hand-1", "by-hand-2"):
        lab.venue.submit(by_hand(link_id))
    reconcile(lab)
    lab.venue.end("by-hand-1")
    reconcile(lab)
    assert [(subject, sightings, gone) for _, subject, sightings, _, gone in log_of(lab)] == [
        ("by-hand-1", 1, "run-r"),
        ("by-hand-2", 2, ""),
    ]


@pytest.mark.parametrize("question", ["positions", "open_orders"])
def test_a_venue_that_does_not_answer_ends_no_difference(lab: Lab, question: str) -> None:
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    reconcile(lab)
    lab.venue.faults[question] = [TemporaryVenueError("maintenance")] * 9
    with pytest.raises(TemporaryVenueError):
        reconcile(lab)
    assert log_of(lab) == [("unknown_position", "", 1, 0, "")]


def test_what_a_run_writes_about_the_account_leads_back_to_it(lab: Lab) -> None:
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(3), Decimal(1000), FillKind.TRADE)
    reconcile(lab)
    assert [halt.run_id for halt in lab.halts.halts()] == ["run-r"]
    with lab.database.connect() as connection:
        for table, writer in (
            ("positions", "run-1"),
            ("order_intents", "run-1"),
            ("reconciliation_log", "run-r"),
        ):
            assert set(connection.execute(text(f"SELECT run_id FROM trading.{table}")).scalars()) == {writer}
