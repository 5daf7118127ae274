"""``up`` in paper mode, as far as it differs: the exchange it starts, and where its processes look for what.

A second simulated exchange stands for the real venue.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from trading_pipeline.adapters.venues.bybit.venue import Bybit
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.domain.model.orders import Purpose, Side
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.server import Addresses, running_exchange
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.preflight import require, system_checks
from trading_pipeline.runtime.supervision.supervisor import Supervisor
from trading_pipeline.runtime.supervision.system import (
    account_variables,
    exchange_access,
    exchange_spec,
    paper_exchange,
)
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.adapters.venues.bybit.test_against_simulator import INSTRUMENT, an_order
from trading_pipeline_tests.adapters.venues.bybit.test_paper import START, Paper, filled

CONFIG = Path(__file__).parents[3] / "config"
LISTED = ("BTCUSDT", "SOLUSDT", "ADAUSDT")


@pytest.fixture(scope="module")
def real() -> Iterator[Addresses]:
    with running_exchange(Configuration(LISTED, seed=5, wall=True, start=START)) as found:
        yield found


@contextmanager
def paper_venue(real: Addresses, state: Path) -> Iterator[Paper]:
    """The venue as every process of the system finds it, beside the exchange that ``up`` starts."""
    given = {
        "TRADING_MODE": "paper",
        "TRADING_STATE_DIR": str(state),
        "TRADING_CONFIG_DIR": str(CONFIG),
        "TRADING_API_PORT": "0",
        "BYBIT_MARKET_REST_URL": real.rest_url,
        "BYBIT_PUBLIC_WS_URL": real.public_ws_url,
    }
    settings = GivenSettings.model_validate(given)
    require(system_checks(settings, free_port(), datetime.now(UTC)))
    supervisor = Supervisor(state / "log", dict(os.environ))
    (state / "log" / "exchange.log").unlink(missing_ok=True)
    try:
        supervisor.start([exchange_spec(state / "log", paper_exchange(settings))])
        variables = account_variables(exchange_access(state / "log"), settings)
        yield Paper(Bybit(GivenSettings.model_validate({**given, **variables})), real)
    finally:
        supervisor.stop()


def test_orders_stay_here_at_the_real_venues_prices_and_the_account_outlives_the_system(
    real: Addresses, tmp_path: Path
) -> None:
    with paper_venue(real, tmp_path) as paper:
        market, stream = paper.venue.market_data(), paper.venue.market_stream([INSTRUMENT], [Timeframe.M15])
        assert {name.symbol for name in market.instruments()} == set(LISTED)
        assert stream.url == real.public_ws_url
        price = filled(paper, an_order("paper-entry"))
        best = paper.venue.live_market().order_book(INSTRUMENT).asks[0][0]
        assert abs(price / best - 1) < Decimal("0.01")
        account = paper.venue.trading().account_id()
    with paper_venue(real, tmp_path) as paper:
        trading = paper.venue.trading()
        assert trading.account_id() == account
        assert [(held.instrument_id, held.side) for held in trading.positions()] == [(INSTRUMENT, Side.BUY)]
        filled(paper, an_order("paper-exit", side=Side.SELL, purpose=Purpose.OPERATOR_EXIT))
        assert trading.positions() == []
    assert _of_the_real_venue(real).trading().fills(START) == []


def _of_the_real_venue(real: Addresses) -> Bybit:
    """Its own account, which nobody here may have traded on."""
    settings = {
        "TRADING_MODE": TradingMode.SIMULATED,
        "BYBIT_REST_URL": real.rest_url,
        "BYBIT_API_KEY": real.api_key,
        "BYBIT_API_SECRET": real.api_secret,
    }
    return Bybit(GivenSettings.model_validate(settings))
