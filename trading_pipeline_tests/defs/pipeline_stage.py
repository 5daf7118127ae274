"""The real definitions on a real database and Redis, with a venue that answers from a list of bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg
import redis
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.adapters.venues.venue_clock import VenueClock
from trading_pipeline.defs.market_data.assets import bars
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.strategy.assets import strategy_assets
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.notifications import Notifier
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline_tests.testkit.builders import walk
from trading_pipeline_tests.testkit.execution_lab import Postbox
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

DAY = UNIVERSE.history_start + timedelta(days=1)
"""The second day of history, so that its window is two days short."""
NOW = DAY + timedelta(days=1)
INSTRUMENT_IDS = UNIVERSE.instrument_ids
STAGES = ("bars", "indicator_snapshots", "signals", "trade_plans")
ASSETS = [dg.AssetKey(f"{stage}_{timeframe}") for timeframe in UNIVERSE.timeframes for stage in STAGES]


def two_days_of_bars() -> list[Bar]:
    """Every bar of the universe from the start of history to ``NOW``."""
    return [
        bar
        for instrument_id in INSTRUMENT_IDS
        for timeframe in UNIVERSE.timeframes
        for bar in walk(instrument_id, UNIVERSE.history_start, 2 * Timeframe.D1.ms // timeframe.ms, timeframe, seed=5)
    ]


@dataclass
class RecordedMarkets:
    """In place of ``Markets``: answers from a list of bars."""

    data: RecordedMarketData

    def market_data(self) -> MarketData:
        """The list."""
        return self.data

    def clock(self) -> Clock:
        """Stands at the time of the list, and is as silent."""
        return VenueClock(self.data, 0.0)


@dataclass
class HeardAlerts:
    """In place of ``Alerts``: keeps what the operator would hear."""

    postbox: Postbox = field(default_factory=Postbox)

    def notifier(self) -> Notifier:
        """The postbox."""
        return self.postbox


@dataclass
class PipelineStage:
    """One database, one Redis, one Dagster instance."""

    engine: Engine
    database_url: str
    redis_url: str
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)

    def __post_init__(self) -> None:
        redis.Redis.from_url(self.redis_url).flushdb()
        self.stores = Stores(database_url=self.database_url)
        self.events = Events(redis_url=self.redis_url)
        self.answer_with(two_days_of_bars())

    def answer_with(self, bars: Iterable[Bar], failing: frozenset[str] = frozenset()) -> None:
        """Have these bars at the venue; instruments in ``failing`` cannot be read."""
        self.markets = RecordedMarkets(RecordedMarketData(list(bars), NOW, failing))

    def resources(self) -> dict[str, object]:
        """Of assets; whoever asks for the account does not find it."""
        return {
            "stores": self.stores,
            "events": self.events,
            "markets": dg.ResourceDefinition.hardcoded_resource(self.markets),
            "parameters": Parameters(config_dir="config"),
            "io_manager": dg.mem_io_manager,
        }

    def materialize(
        self,
        selection: list[dg.AssetKey] | None = None,
        instruments: Sequence[str] = INSTRUMENT_IDS,
        on: datetime = DAY,
        **tags: str,
    ) -> dg.ExecuteInProcessResult:
        """The job of a wave over neighbouring instruments of a day, in this process."""
        definitions = dg.Definitions(
            assets=[bars, *strategy_assets],
            jobs=[dg.define_asset_job("bar_close", selection=dg.AssetSelection.assets(*ASSETS))],
            resources=self.resources(),
            executor=dg.in_process_executor,
        )
        day = on.date().isoformat()
        covered = {
            "dagster/asset_partition_range_start": f"{day}|{instruments[0]}",
            "dagster/asset_partition_range_end": f"{day}|{instruments[-1]}",
        }
        job = definitions.resolve_job_def("bar_close")
        return job.execute_in_process(instance=self.instance, asset_selection=selection, tags={**covered, **tags})

    def hear(self, instrument_ids: Iterable[str], timeframe: Timeframe, close_time: datetime) -> None:
        """Store live bars as the feed does."""
        bars = [
            bar
            for bar in two_days_of_bars()
            if bar.instrument_id in set(instrument_ids) and bar.timeframe is timeframe and bar.close_time == close_time
        ]
        PostgresRawBarStore(self.engine).append_raw(bars, BarSource.WEBSOCKET)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Of a query in the schema ``trading``."""
        with self.engine.begin() as connection:
            connection.execute(text("SET LOCAL search_path = trading"))
            return [tuple(row) for row in connection.execute(text(query))]


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    """Values of the one materialisation of an asset."""
    events = [one for one in result.get_asset_materialization_events() if one.asset_key == dg.AssetKey(asset)]
    return {name: value.value for name, value in events[0].materialization.metadata.items()}


def by_instrument(result: dg.ExecuteInProcessResult, asset: str, name: str) -> dict[str, object]:
    """One value of every partition's own materialisation of an asset, by instrument; partitions without it left out."""
    events = [one for one in result.get_asset_materialization_events() if one.asset_key == dg.AssetKey(asset)]
    found = {str(one.partition).split("|")[1]: one.materialization.metadata.get(name) for one in events}
    return {instrument_id: value.value for instrument_id, value in found.items() if value is not None}


def utc(instant: datetime) -> str:
    """ISO 8601 as tags carry it."""
    return instant.astimezone(UTC).isoformat()
