from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator import order_changes, position_changes
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import STEP_MS, Ohlc, an_exchange, walk

prices = st.integers(900, 1100).map(lambda tenths: tenths / 10)


@st.composite
def ohlc(draw: st.DrawFn) -> Ohlc:
    opening, high, low, close = (draw(prices) for _ in range(4))
    return opening, max(opening, high, low, close), min(opening, high, low, close), close


orders = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["Buy", "Sell"]),
        "orderType": st.sampled_from(["Market", "Limit"]),
        "qty": st.integers(1, 3000).map(lambda n: str(n / 1000)),
        "price": prices.map(str),
        "reduceOnly": st.sampled_from(["true", "false", "false"]),
    },
    optional={"stopLoss": prices.map(str), "takeProfit": prices.map(str)},
)
conditional = st.tuples(orders, prices, st.sampled_from(["1", "2"])).map(
    lambda parts: {**parts[0], "triggerPrice": str(parts[1]), "triggerDirection": parts[2]}
)
requests = st.one_of(
    st.tuples(st.just(create), st.one_of(orders, conditional)),
    st.tuples(st.just(position_changes.set_trading_stop), st.fixed_dictionaries({"stopLoss": prices.map(str)})),
    st.tuples(
        st.just(position_changes.set_leverage),
        st.sampled_from(["1", "3", "25"]).map(lambda leverage: {"buyLeverage": leverage, "sellLeverage": leverage}),
    ),
    st.tuples(st.just(order_changes.cancel_all), st.just({})),
)
latencies = st.sampled_from([0, 40_000])
"""Milliseconds; the longer one lets bars turn and levels be met while something is on its way."""
sessions = st.lists(st.tuples(ohlc(), st.lists(requests, max_size=4)), min_size=1, max_size=12)


Session = list[tuple[Ohlc, list[tuple[Callable[..., object], dict[str, str]]]]]


def play(session: Session, latency_ms: int = 0, parts: int = 1) -> Exchange:
    """:param parts: in how many steps each bar is walked."""
    exchange = an_exchange(*(bar for bar, _ in session), balance=Decimal(500), latency_ms=latency_ms)
    for _, asked in session:
        for act, request in asked:
            before = exchange.positions["BTCUSDT"].size
            try:
                act(exchange, {"category": "linear", "symbol": "BTCUSDT"} | request)
            except Rejection:
                continue
            if request.get("reduceOnly") == "true":
                assert abs(exchange.positions["BTCUSDT"].size) <= abs(before)
        for part in range(1, parts + 1):
            advance(exchange, exchange.now_ms + STEP_MS // parts + (STEP_MS % parts) * (part == parts))
    return exchange


@settings(max_examples=150, deadline=None)
@given(sessions, latencies)
def test_money_reconciles_after_any_session(session: Session, latency_ms: int) -> None:
    exchange = play(session, latency_ms)
    account, position = exchange.account, exchange.positions["BTCUSDT"]
    assert account.wallet == exchange.terms.balance + account.realised - account.fees - account.funding
    assert exchange.equity() == account.wallet + position.unrealised(exchange.markets["BTCUSDT"].last)
    trades = [e for e in exchange.executions if e.kind != "Funding"]
    signed = [e.quantity * e.order.terms.sign for e in trades]
    assert position.size == sum(signed, Decimal(0))
    cash = sum((quantity * e.price for quantity, e in zip(signed, trades, strict=True)), Decimal(0))
    last = exchange.markets["BTCUSDT"].last
    from_trades = exchange.terms.balance - cash + position.size * last - account.fees - account.funding
    assert abs(exchange.equity() - from_trades) < Decimal("1e-15")


@settings(max_examples=100, deadline=None)
@given(sessions)
def test_flat_position_leaves_no_stop_and_no_reduce_only_order(session: Session) -> None:
    exchange = play(session)
    position = exchange.positions["BTCUSDT"]
    stops = [o for o in exchange.orders.active() if o.terms.create_type != "CreateByUser"]
    resting = [o for o in exchange.orders.active() if o.terms.reduce_only and not o.conditional]
    assert all(o.terms.quantity == abs(position.size) and position.reducible(o.terms.sign) for o in stops)
    assert all(position.reducible(o.terms.sign) for o in resting)


@settings(max_examples=60, deadline=None)
@given(sessions, latencies, st.integers(1, 7))
def test_same_requests_on_same_bars_give_the_same_fills_however_time_goes_on(
    session: Session, latency_ms: int, parts: int
) -> None:
    first, second = play(session, latency_ms), play(session, latency_ms, parts)
    assert [vars_of(e) for e in first.executions] == [vars_of(e) for e in second.executions]


def vars_of(execution: object) -> tuple[object, ...]:
    names = ("execution_id", "kind", "quantity", "price", "fee", "at_ms")
    return tuple(getattr(execution, name) for name in names)


@settings(max_examples=60, deadline=None)
@given(sessions, st.integers(1, 7))
def test_walking_in_small_steps_fills_what_one_step_fills(session: Session, parts: int) -> None:
    bars = [bar for bar, _ in session]
    whole, stepped = an_exchange(*bars), an_exchange(*bars)
    for exchange in (whole, stepped):
        create(
            exchange,
            {
                "category": "linear",
                "symbol": "BTCUSDT",
                "side": "Buy",
                "orderType": "Market",
                "qty": "1",
                "stopLoss": "95",
                "takeProfit": "105",
            },
        )
    walk(whole, len(bars))
    for _ in range(len(bars) * parts):
        advance(stepped, stepped.now_ms + 300_000 // parts)
    advance(stepped, whole.now_ms)
    assert [(e.kind, e.price) for e in whole.executions] == [(e.kind, e.price) for e in stepped.executions]
