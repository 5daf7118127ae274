"""Orders as the venue receives them, and what its answers become."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.order_request import create_request
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    TemporaryVenueError,
)
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, OrderType, Purpose, Side
from trading_pipeline_tests.adapters.venues.bybit.scripted_venue import NOW_MS, Reply, ScriptedVenue
from trading_pipeline_tests.adapters.venues.bybit.test_parse import EXECUTION, ORDER, POSITION
from trading_pipeline_tests.testkit.builders import ACCOUNT

NOTHING = Reply({"list": [], "nextPageCursor": ""})
ACCEPTED = Reply({"orderId": "o-1", "orderLinkId": "plan_E"})
FIND = ("order/realtime", "order/history", "execution/list")


def an_intent(
    order_type: OrderType = OrderType.MARKET,
    price: Decimal | None = None,
    stop_loss: Decimal | None = None,
    reduce_only: bool = False,
    order_link_id: str = "plan_E",
) -> OrderIntent:
    """A buy of 0.01 BTC."""
    return OrderIntent(
        order_link_id=order_link_id,
        account_id=ACCOUNT,
        plan_id="plan",
        purpose=Purpose.ENTRY,
        instrument_id=InstrumentId("BTCUSDT.BYBIT"),
        side=Side.BUY,
        order_type=order_type,
        quantity=Decimal("1E-2"),
        price=price,
        stop_loss=stop_loss,
        reduce_only=reduce_only,
        valid_until=datetime(2025, 6, 1, 13, tzinfo=UTC),
        run_id="run",
    )


@pytest.fixture
def trading(client: BybitClient) -> BybitTrading:
    return BybitTrading(client)


def test_an_entry_carries_its_stop() -> None:
    request = create_request(an_intent(stop_loss=Decimal(99000)))
    assert request["timeInForce"] == "IOC"
    assert (request["qty"], request["stopLoss"], request["tpslMode"]) == ("0.01", "99000", "Full")
    assert (request["slTriggerBy"], request["positionIdx"], request["reduceOnly"]) == ("LastPrice", 0, False)
    assert "price" not in request


def test_a_target_rests_reduce_only_without_a_stop() -> None:
    request = create_request(an_intent(OrderType.LIMIT, price=Decimal("101000.50"), reduce_only=True))
    assert (request["orderType"], request["timeInForce"], request["price"]) == ("Limit", "GTC", "101000.5")
    assert request["reduceOnly"] is True
    assert "stopLoss" not in request


@pytest.mark.parametrize("link_id", ["", "a" * 37, "with space", "ümlaut", "a\n"])
def test_a_link_id_the_venue_would_refuse_is_never_sent(link_id: str) -> None:
    with pytest.raises(ConfigurationError, match="link id"):
        create_request(an_intent(order_link_id=link_id))


def test_an_accepted_order_is_acknowledged(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("order/create", ACCEPTED)
    assert trading.submit(an_intent()).venue_order_id == "o-1"


@pytest.mark.parametrize("result", [{}, {"orderId": "o-1", "orderLinkId": "other"}, {"orderLinkId": "plan_E"}])
def test_an_acknowledgement_of_something_else_settles_nothing(
    venue: ScriptedVenue, trading: BybitTrading, result: dict[str, str]
) -> None:
    venue.script("order/create", Reply(result))
    with pytest.raises(OrderOutcomeUnknown):
        trading.submit(an_intent())


def test_a_duplicate_link_id_is_the_acknowledgement_that_was_lost(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("order/create", Reply(code=110072))
    venue.script("order/realtime", Reply({"list": [ORDER]}))
    assert trading.submit(an_intent()).venue_order_id == "o-1"
    assert len(venue.asked("order/create")) == 1


def test_a_duplicate_is_acknowledged_even_when_the_lookup_fails(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("order/create", Reply(code=110072))
    venue.script("order/realtime", Reply(status=502))
    assert trading.submit(an_intent()).venue_order_id == ""


@pytest.mark.parametrize("found_in", range(3))
def test_an_order_is_looked_for_until_it_is_found(venue: ScriptedVenue, trading: BybitTrading, found_in: int) -> None:
    rows = (ORDER, {**ORDER, "orderStatus": "Cancelled"}, EXECUTION)
    for index, path in enumerate(FIND):
        venue.script(path, Reply({"list": [rows[index]]}) if index == found_in else NOTHING)
    report = trading.order(InstrumentId("BTCUSDT.BYBIT"), "plan_E")
    expected = (IntentState.ACKNOWLEDGED, IntentState.CANCELLED, IntentState.PARTIALLY_FILLED)
    assert report is not None
    assert report.state is expected[found_in]


def test_an_order_the_venue_does_not_know_is_none(venue: ScriptedVenue, trading: BybitTrading) -> None:
    for path in FIND:
        venue.script(path, Reply({"list": [{**ORDER, **EXECUTION, "orderLinkId": "somebody-else"}]}))
    assert trading.order(InstrumentId("BTCUSDT.BYBIT"), "plan_E") is None


@pytest.mark.parametrize("code", [110001, 110008, 110010])
@pytest.mark.parametrize("status", ["Filled", "Cancelled", "Rejected"])
def test_cancelling_what_is_final_is_a_success(
    venue: ScriptedVenue, trading: BybitTrading, code: int, status: str
) -> None:
    venue.script("order/cancel", Reply(code=code))
    venue.script("order/realtime", Reply({"list": [{**ORDER, "orderStatus": status}]}))
    trading.cancel(InstrumentId("BTCUSDT.BYBIT"), "plan_E")
    assert len(venue.asked("order/cancel")) == 1


@pytest.mark.parametrize("known", [Reply({"list": [ORDER]}), NOTHING])
def test_a_refused_cancel_of_what_may_live_stays_open(
    venue: ScriptedVenue, trading: BybitTrading, known: Reply
) -> None:
    venue.script("order/cancel", Reply(code=110001))
    for path in FIND:
        venue.script(path, NOTHING if path != "order/realtime" else known)
    with pytest.raises(OrderOutcomeUnknown, match="plan_E"):
        trading.cancel(InstrumentId("BTCUSDT.BYBIT"), "plan_E")


@pytest.mark.parametrize("code", [0, 34040])
def test_setting_the_stop_that_is_set_is_a_success(venue: ScriptedVenue, trading: BybitTrading, code: int) -> None:
    venue.script("position/trading-stop", Reply(code=code))
    trading.set_stop_loss(InstrumentId("BTCUSDT.BYBIT"), Decimal("99000.0"))
    (request,) = venue.asked("position/trading-stop")
    assert (request["stopLoss"], request["tpslMode"], request["slTriggerBy"]) == ("99000", "Full", "LastPrice")


@pytest.mark.parametrize("code", [0, 110043])
def test_setting_the_leverage_that_is_set_is_a_success(venue: ScriptedVenue, trading: BybitTrading, code: int) -> None:
    venue.script("position/set-leverage", Reply(code=code))
    trading.set_leverage(InstrumentId("BTCUSDT.BYBIT"), Decimal(5))
    (request,) = venue.asked("position/set-leverage")
    assert (request["buyLeverage"], request["sellLeverage"]) == ("5", "5")


def test_a_stop_for_a_flat_position_is_rejected(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("position/trading-stop", Reply(code=10001))
    with pytest.raises(OrderRejectedByVenue):
        trading.set_stop_loss(InstrumentId("BTCUSDT.BYBIT"), Decimal(99000))


def test_stop_children_and_final_orders_do_not_rest(venue: ScriptedVenue, trading: BybitTrading) -> None:
    child = {**ORDER, "orderStatus": "Untriggered", "stopOrderType": "StopLoss", "orderLinkId": ""}
    final = {**ORDER, "orderStatus": "Cancelled", "orderLinkId": "old"}
    venue.script("order/realtime", Reply({"list": [child, final, ORDER], "nextPageCursor": ""}))
    assert [report.order_link_id for report in trading.open_orders()] == ["plan_E"]


def test_fills_come_oldest_first_and_once(venue: ScriptedVenue, trading: BybitTrading) -> None:
    rows = [
        {**EXECUTION, "execId": name, "execTime": str(NOW_MS + late)} for name, late in (("c", 1), ("b", 1), ("a", 0))
    ]
    venue.script("market/time", Reply())
    venue.script("execution/list", Reply({"list": rows, "nextPageCursor": "x"}), Reply({"list": rows[-1:]}))
    since = datetime(2025, 6, 1, 12, tzinfo=UTC)
    assert [fill.execution_id for fill in trading.fills(since)] == ["a", "b", "c"]


def test_a_long_absence_is_asked_for_in_windows_of_a_week(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("market/time", Reply())
    venue.script("execution/list", NOTHING)
    trading.fills(datetime(2025, 6, 1, 12, tzinfo=UTC) - timedelta(days=15))
    spans = [int(str(row["endTime"])) - int(str(row["startTime"])) for row in venue.asked("execution/list")]
    assert spans == [7 * 86_400_000] * 3


def test_flat_symbols_are_left_out_of_the_positions(venue: ScriptedVenue, trading: BybitTrading) -> None:
    flat = {**POSITION, "symbol": "SOLUSDT", "size": "0", "side": ""}
    venue.script("position/list", Reply({"list": [flat, POSITION], "nextPageCursor": ""}))
    assert [position.instrument_id for position in trading.positions()] == ["BTCUSDT.BYBIT"]


def listed(*rows: dict[str, object]) -> Reply:
    return Reply({"list": list(rows), "nextPageCursor": ""})


BTC = InstrumentId("BTCUSDT.BYBIT")
FLAT = {**POSITION, "size": "0", "side": ""}
HEDGED = [{**POSITION, "positionIdx": 1}, {**POSITION, "positionIdx": 2, "side": "Sell"}]


def test_a_flat_position_is_one_that_the_venue_shows_as_flat(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("position/list", listed(FLAT))
    assert trading.position(BTC) is None
    assert venue.asked("position/list") == [{"category": "linear", "symbol": "BTCUSDT"}]


@pytest.mark.parametrize("rows", [[], [{**FLAT, "symbol": "SOLUSDT"}]], ids=["empty", "another symbol"])
def test_a_list_without_the_symbol_says_nothing_about_it(
    venue: ScriptedVenue, trading: BybitTrading, rows: list[dict[str, object]]
) -> None:
    venue.script("position/list", listed(*rows))
    with pytest.raises(TemporaryVenueError, match="says nothing about BTCUSDT"):
        trading.position(BTC)


def test_one_empty_list_is_asked_again(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("position/list", listed(), listed(POSITION))
    held = trading.position(BTC)
    assert held is not None
    assert held.quantity > 0


@pytest.mark.parametrize("rows", [HEDGED, HEDGED[:1], [{**row, "size": "0"} for row in HEDGED]])
def test_neither_side_of_hedge_mode_is_the_position(
    venue: ScriptedVenue, trading: BybitTrading, rows: list[dict[str, object]]
) -> None:
    venue.script("position/list", listed(*rows))
    with pytest.raises(ConfigurationError, match="BTCUSDT is in hedge mode"):
        trading.position(BTC)


def test_a_list_of_nothing_but_hedged_positions_is_no_answer(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("position/list", listed(*HEDGED))
    with pytest.raises(TemporaryVenueError, match="hedge mode"):
        trading.positions()


def test_an_odd_row_of_one_symbol_does_not_hide_the_others(venue: ScriptedVenue, trading: BybitTrading) -> None:
    odd = {"symbol": "1000000MOGUSDT", "size": "?", "qty": "?", "execQty": "?"}
    venue.script("market/time", Reply())
    venue.script("position/list", listed(odd, POSITION))
    venue.script("order/realtime", listed(odd, ORDER))
    venue.script("execution/list", listed(odd, EXECUTION))
    assert [held.instrument_id for held in trading.positions()] == ["BTCUSDT.BYBIT"]
    assert [report.order_link_id for report in trading.open_orders()] == ["plan_E"]
    assert len(trading.fills(datetime(2025, 6, 1, 12, tzinfo=UTC))) == 1


@pytest.mark.parametrize("answer", [Reply(status=404, raw=b"<html>"), Reply(code=10001)])
def test_a_hidden_wallet_names_the_account_kind(venue: ScriptedVenue, trading: BybitTrading, answer: Reply) -> None:
    venue.script("account/wallet-balance", answer)
    with pytest.raises(ConfigurationError, match=r"(?i)unified"):
        trading.wallet()


UNIFIED = {"unifiedMarginStatus": 4, "marginMode": "REGULAR_MARGIN"}
KEY = {"readOnly": 0, "permissions": {"ContractTrade": ["Order", "Position"]}}


@pytest.mark.parametrize(
    ("info", "key", "said"),
    [
        ({"unifiedMarginStatus": 1}, KEY, "classic"),
        ({**UNIFIED, "marginMode": "PORTFOLIO_MARGIN"}, KEY, "portfolio margin"),
        (UNIFIED, {**KEY, "readOnly": 1}, "may only read"),
        (UNIFIED, {"permissions": {"ContractTrade": ["Order"]}}, "lacks the contract rights Position"),
        (UNIFIED, {"permissions": {"ContractTrade": []}}, "lacks the contract rights Order and Position"),
    ],
)
def test_an_account_that_cannot_trade_is_refused_by_name(
    venue: ScriptedVenue, trading: BybitTrading, info: dict[str, object], key: dict[str, object], said: str
) -> None:
    venue.script("account/info", Reply(info))
    venue.script("user/query-api", Reply(key))
    with pytest.raises(ConfigurationError, match=said):
        trading.require_tradable([BTC])


def test_a_symbol_in_hedge_mode_is_refused_at_the_start(venue: ScriptedVenue, trading: BybitTrading) -> None:
    venue.script("account/info", Reply(UNIFIED))
    venue.script("user/query-api", Reply(KEY))
    venue.script("position/list", listed(*[{**row, "size": "0"} for row in HEDGED]))
    with pytest.raises(ConfigurationError, match="hedge mode"):
        trading.require_tradable([BTC])


def test_the_wallet_is_as_old_as_the_answer(venue: ScriptedVenue, trading: BybitTrading) -> None:
    coin = {"coin": "USDT", "equity": "100", "walletBalance": "100", "unrealisedPnl": "0"}
    venue.script("account/wallet-balance", Reply({"list": [{"totalAvailableBalance": "100", "coin": [coin]}]}))
    wallet = trading.wallet()
    assert (wallet.balances["USDT"].equity, wallet.read_at) == (Decimal(100), datetime(2025, 6, 1, 12, tzinfo=UTC))
