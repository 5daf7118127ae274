"""What holds of an account whatever strikes: asked of the exchange's own books and of the ledger.

Each function returns what is wrong, in words; an empty list is all that anybody wants to see.
"""

from collections import Counter
from decimal import Decimal

from sqlalchemy import text

from trading_pipeline_tests.fault_matrix.account import BALANCE, SimulatedAccount
from trading_pipeline_tests.testkit.execution_jobs import history

_IN_FLIGHT = ("sent", "unknown")
_LIVE = ("acknowledged", "partially_filled")


def sent_twice(account: SimulatedAccount) -> list[str]:
    """At most one order per intent, and no more filled on entry than was decided."""
    ours = [order for order in account.exchange.orders.newest(10_000) if order.terms.link_id]
    counted = Counter(order.terms.link_id for order in ours)
    found = [f"{link_id} is at the venue {times} times" for link_id, times in counted.items() if times > 1]
    query = "SELECT order_link_id, quantity FROM trading.order_intents"
    decided = {str(link_id): Decimal(str(quantity)) for link_id, quantity in rows(account, query)}
    found += [f"{link_id} is known to no intent" for link_id in counted if link_id not in decided]
    for order in ours:
        if order.filled > decided.get(order.terms.link_id, order.filled):
            found.append(f"{order.terms.link_id} filled {order.filled} of {decided[order.terms.link_id]}")
    return found


def naked(account: SimulatedAccount) -> list[str]:
    """Every open position has a live stop at the venue, for all of it."""
    return [
        f"{position.symbol}: {position.size} without a stop"
        for position in account.exchange.open_positions()
        if position.stop_loss is None or not position.stop_loss.active
    ]


def turning_around(account: SimulatedAccount) -> list[str]:
    """Whatever leaves a position is reduce-only: it may find less than it was meant for, and opens nothing then."""
    ours = [order for order in account.exchange.orders.newest(10_000) if order.terms.link_id]
    exits = [order for order in ours if not order.terms.link_id.split("_")[1].startswith("E")]
    return [f"{order.terms.link_id} could open a position" for order in exits if not order.terms.reduce_only]


def in_flight(account: SimulatedAccount) -> list[str]:
    """No intent of which nobody knows what became of it, and no plan that is half done."""
    query = "SELECT order_link_id, state FROM trading.order_intents WHERE state = ANY(:states)"
    found = [f"{link_id} is {state}" for link_id, state in rows(account, query, states=list(_IN_FLIGHT))]
    # A limit entry that rests keeps its plan claimed: somebody has to look at it again.
    query = (
        "SELECT plan_id FROM trading.trade_plans plan WHERE status IN ('claimed', 'executing') AND NOT EXISTS ("
        "SELECT 1 FROM trading.order_intents entry WHERE entry.plan_id = plan.plan_id AND order_type = 'limit'"
        " AND purpose = 'E' AND state = ANY(:live))"
    )
    claimed = rows(account, query, live=list(_LIVE))
    return found + [f"plan {plan_id} is claimed" for (plan_id,) in claimed]


def unsent(account: SimulatedAccount) -> list[str]:
    """No order that was decided and not sent: an entry waits for its run, a target at most for the next wave."""
    query = "SELECT order_link_id FROM trading.order_intents WHERE state = 'intended'"
    return [f"{link_id} is not sent" for (link_id,) in rows(account, query)]


def otherwise_at_venue(account: SimulatedAccount) -> list[str]:
    """Ledger equals venue: positions, stops, resting orders, executions and money."""
    return [*_positions(account), *_resting(account), *_executions(account), *_money(account)]


def sizes(account: SimulatedAccount) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Symbol to what is held, negative when short: at the venue, and in the ledger."""
    at_venue, in_ledger = _held(account)
    return {one: size for one, (size, _) in at_venue.items()}, {one: size for one, (size, _) in in_ledger.items()}


def _positions(account: SimulatedAccount) -> list[str]:
    at_venue, in_ledger = _held(account)
    return [] if at_venue == in_ledger else [f"positions: venue {at_venue}, ledger {in_ledger}"]


_Held = dict[str, tuple[Decimal, Decimal | None]]


def _held(account: SimulatedAccount) -> tuple[_Held, _Held]:
    """Symbol to size and stop, at the venue and in the ledger."""
    at_venue = {
        position.symbol: (position.size, position.stop_loss.terms.trigger_price if position.stop_loss else None)
        for position in account.exchange.open_positions()
    }
    query = (
        "SELECT split_part(instrument_id, '.', 1), CASE bias WHEN 'long' THEN quantity ELSE -quantity END, stop_price"
        " FROM trading.positions WHERE status IN ('open', 'closing') AND quantity <> 0"
    )
    return at_venue, {str(symbol): (size, stop) for symbol, size, stop in rows(account, query)}  # type: ignore[misc]


def _resting(account: SimulatedAccount) -> list[str]:
    at_venue = {order.terms.link_id for order in account.exchange.orders.active() if order.terms.link_id}
    query = "SELECT order_link_id FROM trading.order_intents WHERE state = ANY(:states)"
    in_ledger = {link_id for (link_id,) in rows(account, query, states=list(_LIVE))}
    return [] if at_venue == in_ledger else [f"resting: venue {sorted(at_venue)}, ledger {sorted(map(str, in_ledger))}"]


def _executions(account: SimulatedAccount) -> list[str]:
    at_venue = {execution.execution_id for execution in account.exchange.executions}
    in_ledger = {execution_id for (execution_id,) in rows(account, "SELECT execution_id FROM trading.fills")}
    return (
        [] if at_venue == in_ledger else [f"executions: {len(at_venue)} at the venue, {len(in_ledger)} in the ledger"]
    )


def _money(account: SimulatedAccount) -> list[str]:
    # The venue's average is of all that is held, so that only what is flat tells ours from what was added by hand.
    query = (
        "SELECT 1 FROM trading.fills hand JOIN trading.positions ours USING (account_id, instrument_id)"
        " WHERE hand.position_id IS NULL AND ours.status IN ('open', 'closing') AND hand.executed_at >= ours.opened_at"
    )
    if rows(account, query):
        return []
    query = "SELECT COALESCE(sum(realised_pnl - fees - funding), 0) FROM trading.positions"
    ((gained,),) = rows(account, query)
    at_venue = account.exchange.account.wallet - BALANCE - _by_hand(account)
    # An average of what was added by hand and what was not has no end; the rest agrees to the last digit.
    return (
        []
        if abs(at_venue - gained) < Decimal("1e-18")
        else [f"money: the wallet gained {at_venue}, the ledger {gained}"]
    )


def _by_hand(account: SimulatedAccount) -> Decimal:
    """What the wallet gained by trades that are no position's, and by what exits took beyond a position of ours."""
    query = "SELECT side, quantity, price, fee FROM trading.fills WHERE position_id IS NULL"
    gained = Decimal(0)
    for side, quantity, price, fee in rows(account, query):
        gained += (Decimal(str(quantity)) if side == "sell" else -Decimal(str(quantity))) * Decimal(str(price))
        gained -= Decimal(str(fee))
    query = (
        "SELECT positions.bias, sum(exits.quantity) - entry_quantity,"
        " (array_agg(exits.price ORDER BY exits.executed_at DESC))[1]"
        " FROM trading.positions JOIN trading.fills exits USING (position_id)"
        " LEFT JOIN trading.order_intents intent ON intent.order_link_id = exits.order_link_id"
        " WHERE exits.kind <> 'funding' AND COALESCE(intent.purpose, '') <> 'E'"
        " GROUP BY positions.position_id HAVING sum(exits.quantity) > entry_quantity"
    )
    for bias, beyond, price in rows(account, query):
        gained += Decimal(str(beyond)) * Decimal(str(price)) * (1 if bias == "long" else -1)
    return gained


def untraced(account: SimulatedAccount) -> list[str]:
    """Every intent leads to the run that wrote it, every fill has its trace, and what is traced of an order, a plan and
    a position ends with the state that it is in."""
    query = "SELECT order_link_id FROM trading.order_intents WHERE run_id = ''"
    found = [f"{link_id} names no run" for (link_id,) in rows(account, query)]
    for subject, table, key, state in _TRACED:
        query = (
            f"SELECT {key}, {state}, (SELECT step FROM trading.execution_traces trace WHERE subject = :subject"
            f" AND trace.{key} = traced.{key} AND step NOT IN ('stop_moved', 'protected')"
            f" ORDER BY trace_id DESC LIMIT 1) FROM trading.{table} traced"
        )
        found += [
            f"{name} is {now}, traced as {step}"
            for name, now, step in rows(account, query, subject=subject)
            if now != step
        ]
    query = (
        "SELECT (SELECT count(*) FROM trading.fills),"
        " (SELECT count(*) FROM trading.execution_traces WHERE subject = 'fill')"
    )
    ((booked, traced),) = rows(account, query)
    return found + ([] if booked == traced else [f"{booked} fills, {traced} of them traced"])


def off_the_record(account: SimulatedAccount) -> list[str]:
    """Every step was made by a run that Dagster has on record and that has ended, or by a process beside them."""
    query = (
        "SELECT DISTINCT ON (run_id) run_id, subject, step, coalesce(order_link_id, position_id, plan_id)"
        # Who planned it is no part of what is told here.
        " FROM trading.execution_traces WHERE (subject, step) <> ('plan', 'new') ORDER BY run_id, trace_id"
    )
    found = []
    for run_id, subject, step, name in rows(account, query):
        if run_id in account.processes | account.ended:
            continue
        run = history().get_run_by_id(str(run_id))
        if run is not None and run.is_finished:
            # It stays so; of a walk of hundreds of runs all would be asked for after each of them.
            account.ended.add(str(run_id))
        else:
            found.append(f"{subject} {name} is {step} by {run_id!r}, {'on no record' if run is None else run.status}")
    return found


_TRACED = (
    ("order", "order_intents", "order_link_id", "state"),
    ("plan", "trade_plans", "plan_id", "status"),
    ("position", "positions", "position_id", "status"),
)
"""Subject of a trace, its table, and the columns of its key and state."""


def rows(account: SimulatedAccount, query: str, **values: object) -> list[tuple[object, ...]]:
    """Of the ledger."""
    with account.database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]
