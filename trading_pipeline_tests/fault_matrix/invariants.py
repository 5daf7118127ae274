"""What holds of an account whatever strikes: asked of the exchange's own books and of the ledger.

Each function returns what is wrong, in words; an empty list is all that anybody wants to see.
"""

from collections import Counter
from decimal import Decimal

from sqlalchemy import text

from trading_pipeline_tests.fault_matrix.account import BALANCE, SimulatedAccount

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


def _positions(account: SimulatedAccount) -> list[str]:
    at_venue = {
        position.symbol: (position.size, position.stop_loss.terms.trigger_price if position.stop_loss else None)
        for position in account.exchange.open_positions()
    }
    query = (
        "SELECT split_part(instrument_id, '.', 1), CASE bias WHEN 'long' THEN quantity ELSE -quantity END, stop_price"
        " FROM trading.positions WHERE status IN ('open', 'closing') AND quantity <> 0"
    )
    in_ledger = {symbol: (size, stop) for symbol, size, stop in rows(account, query)}
    return [] if at_venue == in_ledger else [f"positions: venue {at_venue}, ledger {in_ledger}"]


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
    query = "SELECT COALESCE(sum(realised_pnl - fees - funding), 0) FROM trading.positions"
    ((gained,),) = rows(account, query)
    at_venue = account.exchange.account.wallet - BALANCE
    return [] if at_venue == gained else [f"money: the wallet gained {at_venue}, the ledger {gained}"]


def untraced(account: SimulatedAccount) -> list[str]:
    """Every intent leads to the run that wrote it, and the traces end with the state that it is in."""
    query = "SELECT order_link_id FROM trading.order_intents WHERE run_id = ''"
    found = [f"{link_id} names no run" for (link_id,) in rows(account, query)]
    query = (
        "SELECT intent.order_link_id, intent.state, (SELECT step FROM trading.execution_traces trace"
        " WHERE trace.order_link_id = intent.order_link_id AND trace.subject = 'order' ORDER BY trace_id DESC LIMIT 1)"
        " FROM trading.order_intents intent"
    )
    return found + [
        f"{link_id} is {state}, traced as {step}" for link_id, state, step in rows(account, query) if state != step
    ]


def rows(account: SimulatedAccount, query: str, **values: object) -> list[tuple[object, ...]]:
    """Of the ledger."""
    with account.database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]
