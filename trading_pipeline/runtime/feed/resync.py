"""What the account did while nobody listened."""

from datetime import timedelta

import structlog

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.fills import Fill
from trading_pipeline.domain.model.orders import OrderIntent, OrderReport
from trading_pipeline.ports.stores.execution.ledger import OrderLedger
from trading_pipeline.ports.venue.trading import Trading

_log = structlog.get_logger(__name__)

_MARGIN = timedelta(hours=1)
"""Fills may have been booked out of order; asking for some twice costs nothing."""


def missed_reports(trading: Trading, ledger: OrderLedger) -> list[OrderReport]:
    """Reports about every order that rests or that the ledger believes to be open.

    :raises TemporaryVenueError: the venue does not answer.
    """
    # Orders without a link id are the venue's own or somebody else's; reconciliation names them.
    reports = {report.order_link_id: report for report in trading.open_orders() if report.order_link_id}
    for record in ledger.open_intents():
        link_id = record.intent.order_link_id
        # It rests no more: filled, cancelled or unknown to the venue, which only a question of its own tells.
        if link_id not in reports and (report := _looked_up(trading, record.intent)):
            reports[link_id] = report
    return list(reports.values())


def _looked_up(trading: Trading, intent: OrderIntent) -> OrderReport | None:
    try:
        return trading.order(intent.instrument_id, intent.order_link_id)
    # The venue lists the instrument no more; what became of the other orders has to be heard all the same.
    except ConfigurationError as error:
        _log.error("an order cannot be asked about", order=intent.order_link_id, cause=str(error))
        return None


def missed_fills(trading: Trading, ledger: OrderLedger) -> list[Fill]:
    """Fills since an hour before the last one booked, or since the oldest that the booked reports say is missing.

    So the reports come first: only they tell of the first fill of an empty ledger.

    :raises TemporaryVenueError: the venue does not answer.
    """
    newest = ledger.last_fill_time()
    starts = [ledger.fills_missing_since(), None if newest is None else newest - _MARGIN]
    known = [start for start in starts if start is not None]
    return trading.fills(min(known)) if known else []
