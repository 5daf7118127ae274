"""The comparison of venue and ledger, materialised by a person for a day."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import dagster as dg
import pytest
from sqlalchemy import Engine

from trading_pipeline.defs.execution.ledger import ledger_assets
from trading_pipeline.defs.execution.reconciliation import reconciliation
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.server import running_venue
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.resources.comparison import Comparison
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import ExecutionResource, Markets
from trading_pipeline.services.execution.observe_differences import Observed, observe_differences
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab

TODAY, YESTERDAY = "2025-11-03", "2025-11-02"


@dataclass
class ComparisonOfLab:
    """In place of ``Comparison``."""

    lab: Lab

    def observe(self) -> Observed:
        """By the lab's account."""
        return observe_differences(context=self.lab.context("comparing"))


@dataclass
class MarketsOfLab:
    """In place of ``Markets``: its time alone."""

    lab: Lab

    def clock(self) -> Clock:
        """Of the lab's venue."""
        return self.lab.clock


def materialised(lab: Lab, day: str) -> dict[str, object]:
    """What the asset tells of a day."""
    result = dg.materialize(
        [*ledger_assets, reconciliation],
        selection=[reconciliation],
        partition_key=day,
        resources={
            "stores": Stores(database_url=lab.database.url.render_as_string(hide_password=False)),
            "markets": dg.ResourceDefinition.hardcoded_resource(MarketsOfLab(lab)),
            "comparison": dg.ResourceDefinition.hardcoded_resource(ComparisonOfLab(lab)),
        },
    )
    (told,) = result.asset_materializations_for_node("reconciliation")
    return {name: value.value for name, value in told.metadata.items()}


@pytest.fixture
def lab(database: Engine) -> Lab:
    """Somebody bought at the venue what no plan opened, and sold it again later."""
    lab = Lab(database)
    lab.venue.trade("BTCUSDT.BYBIT", Side.BUY, Decimal(1), Decimal(1000), FillKind.TRADE)
    return lab


def test_comparing_today_sends_and_halts_nothing(lab: Lab) -> None:
    found = materialised(lab, TODAY)
    assert (found["compared"], found["dagster/row_count"], found["standing"]) == (True, 1, 1)
    assert "BTCUSDT.BYBIT unknown_position: external: the venue holds 1 on the buy side" in str(found["differences"])
    lab.venue.trade("BTCUSDT.BYBIT", Side.SELL, Decimal(1), Decimal(1000), FillKind.TRADE)
    lab.clock.advance(timedelta(minutes=1))
    gone = materialised(lab, TODAY)
    assert (gone["dagster/row_count"], gone["standing"]) == (1, 0)
    assert "seen 1 times, gone 2025-11-03 12:01:00" in str(gone["differences"])
    assert (lab.venue.posts, lab.halts.halts()) == ([], [])


def test_a_past_day_is_read_without_the_venue(lab: Lab) -> None:
    materialised(lab, TODAY)
    lab.clock.set(WAVE + timedelta(days=1))
    lab.venue.faults["positions"] = [TemporaryVenueError("away")] * 9
    of_today = materialised(lab, TODAY)
    assert (of_today["compared"], of_today["standing"]) == (False, 1)
    assert materialised(lab, YESTERDAY)["differences"] == "none"


def test_a_simulated_venue_agrees_with_an_empty_ledger(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    series = {symbol: generate(symbol, seed=7) for symbol in ("BTCUSDT",)}
    configuration = Configuration(symbols=("BTCUSDT",), start=WAVE, lock_step=Timeframe.M15)
    with running_venue(assemble(configuration, series, WAVE, "test")) as addresses:
        for name, value in {
            "BYBIT_REST_URL": addresses.rest_url,
            "BYBIT_API_KEY": addresses.api_key,
            "BYBIT_API_SECRET": addresses.api_secret,
        }.items():
            monkeypatch.setenv(name, value)
        stores, parameters = Stores(database_url=database_url), Parameters(config_dir="config")
        account = ExecutionResource(stores=stores, parameters=parameters)
        shipped = {
            "stores": stores,
            "markets": Markets(parameters=parameters),
            "comparison": Comparison(account=account),
        }
        result = dg.materialize(
            [*ledger_assets, reconciliation], selection=[reconciliation], partition_key=TODAY, resources=shipped
        )
    (told,) = result.asset_materializations_for_node("reconciliation")
    assert (told.metadata["compared"].value, told.metadata["differences"].value) == (True, "none")
