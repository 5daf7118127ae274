"""The page's tables of what the ledger holds beside closed trades: open positions, orders, plans that were refused."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape

from trading_pipeline.adapters.reports.tables import table, words
from trading_pipeline.domain.model.pipeline_runs import PipelineRecord, RefusedPlan, SentOrder
from trading_pipeline.domain.model.trade_history import TradeRow

SHOWN = 300
"""Rows of a table; those beyond are counted."""

_POSITION = ("Signal (UTC)", "Instrument", "Side", "Timeframe", "Strategy", "Quantity", "Entry", "Stop", "Take profits")
_ORDER = (
    *("Last change (UTC)", "Instrument", "Purpose", "Side", "Type", "Quantity", "Price", "Filled at", "Answered in"),
    *("State", "Reason", "Dagster run"),
)
_STOPS = "A stop is no order of its own: it is attached to its entry, at the venue."
_REFUSED = ("Close (UTC)", "Instrument", "Side", "Timeframe", "Strategy", "Status", "Why")


def ledger_tables(record: PipelineRecord, ui: str) -> str:
    """All three.

    :param ui: address of the Dagster UI that knows the runs; empty when it has ended.
    """
    orders = [_order(order, ui) for order in record.orders]
    return "\n".join(
        (
            _section("Open positions", _POSITION, [_position(row) for row in record.open_positions]),
            _section("Orders", _ORDER, orders, _STOPS),
            _section("Plans that were refused", _REFUSED, [_refused(plan) for plan in record.refused]),
        )
    )


def _section(title: str, head: Sequence[str], rows: Sequence[str], hint: str = "") -> str:
    if not rows:
        return f"<section><h2>{title}</h2><p class='hint'>None.</p></section>"
    beyond = f"And {len(rows) - SHOWN:,} more in the database. " if len(rows) > SHOWN else ""
    shown = table(head, rows[:SHOWN], "ledger")
    below = f"<p class='hint'>{beyond}{hint}</p>" if beyond or hint else ""
    return (
        f"<section><h2>{title} <small>{len(rows):,}</small></h2><div class='wide tall'>{shown}</div>{below}</section>"
    )


def _position(row: TradeRow) -> str:
    return _row(
        _minute(row.signalled_at),
        escape(row.instrument_id),
        _side(row.bias, "long"),
        row.timeframe.value,
        escape(row.strategy),
        *map(_shortest, (row.quantity, row.entry_price, row.stop_price)),
        ", ".join(map(_shortest, row.targets)),
    )


def _order(order: SentOrder, ui: str) -> str:
    layer = f" of layer {order.layer}" if order.layer > 1 else ""
    run = f"<code>{escape(order.run_id[:8])}</code>"
    return _row(
        "" if order.changed_at is None else f"{order.changed_at:%Y-%m-%d %H:%M:%S}",
        escape(order.instrument_id),
        words(order.purpose.name.lower()) + layer,
        _side(order.side, "buy"),
        order.order_type.value,
        *map(_exact, (order.quantity, order.price, order.average_price)),
        "" if order.answer_s is None else f"{order.answer_s * 1000:.0f} ms",
        words(order.state.value),
        escape(order.reason),
        f"<a href='{escape(ui)}/runs/{escape(order.run_id)}'>{run}</a>" if ui else run,
    )


def _refused(plan: RefusedPlan) -> str:
    return _row(
        _minute(plan.close_time),
        escape(plan.instrument_id),
        _side(plan.bias, "long"),
        plan.timeframe.value,
        escape(plan.strategy),
        words(plan.status.value),
        escape(plan.reason),
    )


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _side(word: str, rising: str) -> str:
    return f"<span class='side{'' if word == rising else ' short'}'>{escape(word)}</span>"


def _exact(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


def _shortest(number: float) -> str:
    """Without the dust of float64."""
    return f"{number:.10g}"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
