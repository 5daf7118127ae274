"""AVI-5 plans at a whole exchange: what its book and its clock say decides."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Engine

from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator
from trading_pipeline_tests.testkit.execution_lab import GUARDS, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_clock import FakeClock


def avi5_plan(exchange: Simulator) -> TradePlan:
    """Long from the close that the exchange stands at, its stop one percent away."""
    market = exchange.market_data()
    now = market.server_time()
    close = market.bars(InstrumentId("BTCUSDT.BYBIT"), Timeframe.M15, now - timedelta(minutes=15), now)[-1].close
    prices = {"entry_price": close, "stop_price": close * Decimal("0.99")}
    return replace(trade_plan(close_time=now), strategy="avi5", guards=GUARDS, **prices)


def execute(exchange: Simulator, database: Engine, clock: Clock | None = None) -> tuple[PlanStatus, str]:
    """Execute one AVI-5 plan; return what became of it."""
    lab, plan, market = Lab(database), avi5_plan(exchange), exchange.market_data()
    store_plan(database, plan)
    context = replace(
        lab.context(),
        trading=exchange.trading(),
        market=market,
        instruments=market.instruments(),
        clock=clock or VenueClock(market, 0.0),
    )
    execute_plans(context=context, gate=lab.gate, equity=lab.equity)
    return lab.plan_status(plan)


def positions(exchange: Simulator) -> list[str]:
    return [position.instrument_id for position in exchange.trading().positions()]


def test_a_good_book_lets_the_plan_through_to_a_position(database: Engine) -> None:
    with simulator("BTCUSDT") as exchange:
        assert execute(exchange, database) == (PlanStatus.EXECUTED, "")
        assert positions(exchange) == ["BTCUSDT.BYBIT"]


def test_a_wide_spread_denies_the_plan(database: Engine) -> None:
    with simulator("BTCUSDT", half_spread_ticks=400) as exchange:
        status, reason = execute(exchange, database)
        assert (status, reason.split(" bps")[0].split(":")[0]) == (PlanStatus.DENIED, "spread")
        assert positions(exchange) == []


def test_a_book_of_five_seconds_ago_denies_the_plan(database: Engine) -> None:
    with simulator("BTCUSDT") as exchange:
        late = FakeClock(exchange.market_data().server_time() + timedelta(seconds=5))
        assert execute(exchange, database, late) == (
            PlanStatus.DENIED,
            "book_stale: the order book is 5.0 s away, it must be within 5 s",
        )
        assert positions(exchange) == []


def test_a_book_the_exchange_does_not_tell_denies_the_plan(database: Engine) -> None:
    with simulator("BTCUSDT") as exchange:
        exchange.fault("ret_code_10016", "/v5/market/orderbook", count=5)
        status, reason = execute(exchange, database)
        assert (status, reason.split(":")[0]) == (PlanStatus.DENIED, "book_unknown")
        assert positions(exchange) == []
