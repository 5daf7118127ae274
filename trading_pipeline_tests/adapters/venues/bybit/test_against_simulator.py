"""The adapter against a whole exchange: signatures, refusals, stops, failures.

What every venue promises is tested in ``trading_pipeline_tests/contracts``, this adapter included.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.adapters.venues.live_guard import acknowledge_live
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    TemporaryVenueError,
    TradingForbiddenByVenue,
)
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.identity import InstrumentId, TradingMode
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.settings import Settings
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.testkit.builders import ACCOUNT

INSTRUMENT = InstrumentId("SOLUSDT.BYBIT")
QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def shared_exchange() -> Iterator[Simulator]:
    """One exchange for questions that change nothing."""
    with simulator() as running:
        yield running


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """An exchange of one's own."""
    with simulator(INSTRUMENT.symbol) as running:
        yield running


def last_close(exchange: Simulator) -> Decimal:
    market = exchange.market_data()
    now = market.server_time()
    return market.bars(INSTRUMENT, Timeframe.M15, now - QUARTER, now)[-1].close


def an_order(
    link_id: str,
    purpose: Purpose = Purpose.ENTRY,
    side: Side = Side.BUY,
    quantity: str = "10",
    price: Decimal | None = None,
    stop_loss: Decimal | None = None,
) -> OrderIntent:
    """A market order, or a limit order when it has a price; everything but an entry reduces only."""
    return OrderIntent(
        order_link_id=link_id,
        account_id=ACCOUNT,
        plan_id=link_id,
        purpose=purpose,
        instrument_id=INSTRUMENT,
        side=side,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        quantity=Decimal(quantity),
        price=price,
        stop_loss=stop_loss,
        reduce_only=purpose is not Purpose.ENTRY,
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
        run_id="run",
    )


def settled(exchange: Simulator, link_id: str) -> IntentState:
    """The state of an order once the venue has worked on it."""
    trading = exchange.trading()
    for _ in range(200):
        report = trading.order(INSTRUMENT, link_id)
        if report is not None and report.state.final:
            return report.state
    raise AssertionError(f"{link_id} is not final: {report}")


def enter(exchange: Simulator, stop_distance: str = "0.05") -> Decimal:
    """Buy 10 with a stop below; the stop's price."""
    instrument = exchange.market_data().instruments()[INSTRUMENT]
    stop = instrument.round_price(last_close(exchange) * (1 - Decimal(stop_distance)))
    exchange.trading().submit(an_order("entry", stop_loss=stop))
    assert settled(exchange, "entry") is IntentState.FILLED
    return stop


@pytest.mark.parametrize(("key", "secret"), [("WRONG", ""), ("", "wrong")])
def test_a_wrong_key_is_named_as_a_setting(shared_exchange: Simulator, key: str, secret: str) -> None:
    trading = BybitTrading(shared_exchange.client(key, secret))
    with pytest.raises(ConfigurationError, match="BYBIT_API_KEY"):
        trading.account_id()
    with pytest.raises(TradingForbiddenByVenue):
        trading.submit(an_order("never"))


def test_live_trading_compares_the_account_the_venue_reports(shared_exchange: Simulator) -> None:
    live = {"mode": TradingMode.LIVE, "live_trading_acknowledged": shared_exchange.account_id}
    acknowledge_live(Settings.model_validate(live), shared_exchange.trading())
    with pytest.raises(ConfigurationError, match=shared_exchange.account_id):
        acknowledge_live(Settings.model_validate({**live, "live_trading_acknowledged": "1"}), shared_exchange.trading())


def test_a_wallet_is_as_old_as_the_venues_clock(shared_exchange: Simulator) -> None:
    wallet = shared_exchange.trading().wallet()
    assert wallet.read_at - shared_exchange.market_data().server_time() < timedelta(seconds=1)
    held = wallet.balances["USDT"]
    assert held.equity == held.balance == held.available > 0


@pytest.mark.parametrize(
    "order",
    [
        an_order("step", quantity="0.00001"),
        an_order("rich", quantity="100000"),
        an_order("flat", Purpose.EXIT, Side.SELL),
        an_order("stop", stop_loss=Decimal(10_000_000)),
    ],
    ids=lambda order: order.order_link_id,
)
def test_an_order_the_venue_cannot_take_is_a_definite_refusal(shared_exchange: Simulator, order: OrderIntent) -> None:
    with pytest.raises(OrderRejectedByVenue):
        shared_exchange.trading().submit(order)
    assert shared_exchange.trading().order(INSTRUMENT, order.order_link_id) is None


def test_a_stop_moves_and_ends_the_position(exchange: Simulator) -> None:
    enter(exchange)
    trading = exchange.trading()
    stop = exchange.market_data().instruments()[INSTRUMENT].round_price(last_close(exchange) * Decimal("0.9995"))
    for _ in range(2):
        trading.set_stop_loss(INSTRUMENT, stop)
    assert trading.positions()[0].stop_loss == stop
    for _ in range(200):
        exchange.advance()
        if not trading.positions():
            break
    *_, exit_fill = trading.fills(datetime(2025, 6, 1, tzinfo=UTC))
    assert (exit_fill.kind, exit_fill.order_link_id, exit_fill.side) == (FillKind.STOP_LOSS, "", Side.SELL)


@pytest.mark.parametrize("kind", ["http_500", "ret_code_10000", "ret_code_10016"])
def test_an_ambiguous_answer_is_never_a_rejection(exchange: Simulator, kind: str) -> None:
    exchange.fault(kind, "/v5/order/create")
    with pytest.raises(OrderOutcomeUnknown):
        exchange.trading().submit(an_order("maybe"))
    assert exchange.trading().order(INSTRUMENT, "maybe") is None


def test_a_read_outlives_one_failure_but_not_many(exchange: Simulator) -> None:
    exchange.fault("http_500", "/v5/position/list")
    assert exchange.trading().positions() == []
    exchange.fault("http_500", "/v5/position/list", count=5)
    with pytest.raises(TemporaryVenueError):
        exchange.trading().positions()


def test_a_venue_that_is_gone_is_temporary_for_reads() -> None:
    client = BybitClient("http://127.0.0.1:9", "key", "secret", attempts=1)
    with pytest.raises(TemporaryVenueError):
        BybitTrading(client).positions()
