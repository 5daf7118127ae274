"""Orders and account state over REST."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import structlog

from trading_pipeline.adapters.venues.bybit import capabilities, parse
from trading_pipeline.adapters.venues.bybit.account import account_trouble
from trading_pipeline.adapters.venues.bybit.client import Answer, BybitClient, Call
from trading_pipeline.adapters.venues.bybit.errors import Reaction, reaction_to
from trading_pipeline.adapters.venues.bybit.order_request import ONE_WAY, STOP_TERMS, create_request
from trading_pipeline.adapters.venues.bybit.payload import Row, plain, rows, text
from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    DataError,
    OrderOutcomeUnknown,
    TemporaryVenueError,
    VenueError,
)
from trading_pipeline.domain.model.fills import Fill
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import Acknowledgement, OrderIntent, OrderReport
from trading_pipeline.domain.model.positions import VenuePosition
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.ports.venue.trading import Trading

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class BybitTrading(Trading):
    """One unified account, one-way mode, linear USDT perpetuals."""

    def __init__(self, client: BybitClient) -> None:
        """Trade through ``client``, whose key decides the account."""
        self._client = client
        self._http = client.http

    def account_id(self) -> str:
        """The user id behind the key."""
        return self._client.read(self._http.get_api_key_information, lambda answer: text(answer.result, "userID"))

    def require_tradable(self, instrument_ids: Sequence[InstrumentId]) -> None:
        """A unified account without portfolio margin, a key that may trade, and every symbol in one-way mode."""
        info = self._client.read(self._http.get_account_info, lambda answer: answer.result)
        key = self._client.read(self._http.get_api_key_information, lambda answer: answer.result)
        trouble = account_trouble(info, key)
        if trouble:
            raise ConfigurationError("; ".join(trouble))
        for instrument_id in instrument_ids:
            self.position(instrument_id)

    def submit(self, intent: OrderIntent) -> Acknowledgement:
        """Send one order; a market order leaves nothing resting, a limit order stays until cancelled."""
        try:
            result = self._client.write(self._http.place_order, **create_request(intent))
        except VenueError as error:
            if _reaction(error) is not Reaction.ALREADY_DONE:
                raise
            return self._acknowledged_before(intent)
        # An acknowledgement of something else proves nothing about this order.
        if text(result, "orderLinkId") != intent.order_link_id or not text(result, "orderId"):
            raise OrderOutcomeUnknown(f"bybit acknowledged {dict(result)!r} for {intent.order_link_id}; ask by link id")
        return Acknowledgement(intent.order_link_id, text(result, "orderId"))

    def _acknowledged_before(self, intent: OrderIntent) -> Acknowledgement:
        try:
            known = self.order(intent.instrument_id, intent.order_link_id)
        except TemporaryVenueError:
            known = None  # the refusal itself proved that the order exists; its venue id can follow later
        return Acknowledgement(intent.order_link_id, known.venue_order_id if known else "")

    def cancel(self, instrument_id: InstrumentId, order_link_id: str) -> None:
        """Cancel by link id; an order that turns out to be final is a success.

        :raises OrderOutcomeUnknown: also when the venue does not know the order: a cancel may overtake it.
        """
        try:
            self._client.write(
                self._http.cancel_order,
                category=capabilities.CATEGORY,
                symbol=instrument_id.symbol,
                orderLinkId=order_link_id,
            )
        except VenueError as error:
            if _reaction(error) is not Reaction.LOOK_UP:
                raise
            report = self.order(instrument_id, order_link_id)
            if report is None or not report.state.final:
                state = "no such order" if report is None else f"it as {report.state}"
                raise OrderOutcomeUnknown(
                    f"bybit would not cancel {order_link_id} ({error}) and shows {state}; ask again", error.code
                ) from error

    def order(self, instrument_id: InstrumentId, order_link_id: str) -> OrderReport | None:
        """Look among open and recently closed orders, then in the history, then in the executions."""
        wanted = {"category": capabilities.CATEGORY, "symbol": instrument_id.symbol, "orderLinkId": order_link_id}
        # In this order: the first knows what is newest, the last remembers longest.
        for call in (self._http.get_open_orders, self._http.get_order_history):
            found = self._client.read(call, lambda answer: _reports(answer, order_link_id), **wanted)
            if found:
                return found[0]
        return self._client.read(self._http.get_executions, lambda answer: _from_fills(answer, order_link_id), **wanted)

    def open_orders(self) -> list[OrderReport]:
        """Resting orders in all symbols; the stops of positions are left out."""
        found = self._read_each(
            self._http.get_open_orders,
            lambda row: None if parse.is_stop_child(row) else parse.order_report(row),
            settleCoin=capabilities.SETTLE_COIN,
            limit=capabilities.ORDER_PAGE,
        )
        return [report for report in found if report is not None and not report.state.final]

    def fills(self, since: datetime) -> list[Fill]:
        """Executions at or after ``since``, oldest first; asked for in windows of seven days."""
        now = self._client.server_time()
        # By id, because windows share their border and pages may shift while they are read.
        found: dict[str, Fill] = {}
        start = since
        while start <= now:
            stop = start + capabilities.EXECUTION_WINDOW
            page = self._read_each(
                self._http.get_executions,
                parse.fill,
                startTime=to_ms(start),
                endTime=to_ms(stop),
                limit=capabilities.EXECUTION_PAGE,
            )
            # newest first; within one millisecond the venue's order is the order of matching
            found |= {fill.execution_id: fill for fill in reversed(page) if fill.executed_at >= since}
            start = stop
        return sorted(found.values(), key=lambda fill: fill.executed_at)

    def position(self, instrument_id: InstrumentId) -> VenuePosition | None:
        """Asked for by its symbol, which has a row even when it is flat: a list without one says nothing."""
        symbol = instrument_id.symbol
        return self._client.read(
            self._http.get_positions,
            lambda answer: _position_in(answer, symbol),
            category=capabilities.CATEGORY,
            symbol=symbol,
        )

    def positions(self) -> list[VenuePosition]:
        """Positions that are not flat."""
        found = self._read_each(
            self._http.get_positions,
            parse.position,
            settleCoin=capabilities.SETTLE_COIN,
            limit=capabilities.POSITION_PAGE,
        )
        return [position for position in found if position is not None]

    def wallet(self) -> Wallet:
        """Every balance, read at the venue time of the answer."""
        coin = capabilities.SETTLE_COIN
        return self._client.read(
            self._http.get_wallet_balance,
            lambda answer: parse.wallet(answer.result, coin, answer.time),
            accountType="UNIFIED",
        )

    def set_stop_loss(self, instrument_id: InstrumentId, stop_price: Decimal) -> None:
        """Replace the full-position stop; "not modified" is a success."""
        self._set(
            self._http.set_trading_stop,
            symbol=instrument_id.symbol,
            stopLoss=plain(stop_price),
            positionIdx=ONE_WAY,
            **STOP_TERMS,
        )

    def set_leverage(self, instrument_id: InstrumentId, leverage: Decimal) -> None:
        """Set both sides, as one-way mode demands; "not modified" is a success."""
        ratio = plain(leverage)
        self._set(self._http.set_leverage, symbol=instrument_id.symbol, buyLeverage=ratio, sellLeverage=ratio)

    def _read_each(self, call: Call, parse_row: Callable[[Row], T], **params: object) -> list[T]:
        """Every row of a list that can be read; others are logged, so that one foreign row hides none of ours.

        :raises TemporaryVenueError: rows came, and none of them can be read.
        """

        def read(row: Row) -> T | DataError:
            try:
                return parse_row(row)
            except DataError as error:
                return DataError(f"{text(row, 'symbol')}: {error}")

        answers = self._client.read_pages(call, read, category=capabilities.CATEGORY, **params)
        found = [one for one in answers if not isinstance(one, DataError)]
        odd = [one for one in answers if isinstance(one, DataError)]
        if odd and not found:
            raise TemporaryVenueError(str(odd[0]))
        for error in odd:
            _log.error("a row of the venue cannot be read", cause=str(error))
        return found

    def _set(self, call: Call, **params: object) -> None:
        try:
            self._client.write(call, category=capabilities.CATEGORY, **params)
        except VenueError as error:
            if _reaction(error) is not Reaction.ALREADY_DONE:
                raise


def _position_in(answer: Answer, symbol: str) -> VenuePosition | None:
    found = [row for row in rows(answer.result, "list") if text(row, "symbol") == symbol]
    if not found:
        raise DataError(f"bybit's list of positions says nothing about {symbol}")
    # Two rows of one symbol are the two sides of hedge mode, and none of them is the position.
    if len(found) > 1 or not parse.one_way(found[0]):
        raise ConfigurationError(
            f"{symbol} is in hedge mode, which is not supported; switch it to one-way mode while it is flat"
        )
    return parse.position(found[0])


def _reaction(error: VenueError) -> Reaction:
    return reaction_to(int(error.code)) if error.code.lstrip("-").isdigit() else Reaction.AMBIGUOUS


def _reports(answer: Answer, order_link_id: str) -> list[OrderReport]:
    return [parse.order_report(row) for row in _ours(answer, order_link_id)]


def _from_fills(answer: Answer, order_link_id: str) -> OrderReport | None:
    executions = _ours(answer, order_link_id)
    return parse.report_from_fills(executions) if executions else None


def _ours(answer: Answer, order_link_id: str) -> list[Row]:
    # a filter the venue ignored must not hand us somebody else's order
    return [row for row in rows(answer.result, "list") if text(row, "orderLinkId") == order_link_id]
