"""Histories that an administrator loads through the API, by the services of the command line."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from trading_pipeline.api.asker import Asker
from trading_pipeline.domain.model.backfills import BackfillProgress, BackfillRequest
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.launched import LaunchedJob
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.orchestrator import JobLauncher
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.resources.backfills import backfill_by_operator, launch_by_operator, require_backfillable
from trading_pipeline.services.operations.relaunch_partition import relaunch_partition
from trading_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is asked for: from ``start`` to ``end``, or ``lookback`` before the end; without an end up to now."""

    instrument_id: InstrumentId
    timeframe: Timeframe
    start: datetime | None
    end: datetime | None
    lookback: timedelta
    page_limit: int
    max_pages: int


@dataclass(frozen=True, slots=True)
class Backfills:
    """Here and now, or by Dagster.

    :param market_data: of the universe's venue.
    """

    settings: Settings
    engine: Engine
    universe: Universe
    jobs: JobLauncher
    market_data: Callable[[], MarketData]

    def fetch(self, asker: Asker, stretch: Stretch) -> tuple[BackfillProgress, float]:
        """Store what is missing, in the name of the asker and under the request's id; and the seconds that took."""
        request, began = self._request(stretch), time.monotonic()
        self._record(asker, request, "asked", {"mode": "sync"})
        done = backfill_by_operator(self.market_data(), self.engine, request, asker.request_id, asker.principal.name)
        self._record(asker, request, "done", {"mode": "sync", "upserts": done.upserts, "pages": done.pages})
        return done, time.monotonic() - began

    def launch(self, asker: Asker, stretch: Stretch) -> LaunchedJob:
        """Let Dagster fetch the days that the stretch touches."""
        request = self._request(stretch)
        launched = launch_by_operator(self.universe, self.jobs, request)
        self._record(asker, request, "done", {"mode": "async", "backfill_id": launched.run_id})
        return launched

    def relaunch(
        self, asker: Asker, asset: str, day: date, instrument_id: InstrumentId, *, with_later: bool
    ) -> LaunchedJob:
        """Let Dagster compute an asset's day of an instrument again, and with ``with_later`` what is made of it.

        :raises ConfigurationError: there is no such asset or instrument; the message names the nearest.
        :raises UnknownName: there is no such day.
        """
        launched = relaunch_partition(
            jobs=self.jobs,
            universe=self.universe,
            asset=asset,
            day=day,
            instrument_id=instrument_id,
            # wall time, as in Dagster's own grid
            today=datetime.now(UTC).date(),
            with_later=with_later,
        )
        after = {"backfill_id": launched.run_id, "with_later": with_later}
        asker.record(self.engine, "partition.relaunch", f"{asset} {day}|{instrument_id}", after=after)
        return launched

    def _request(self, stretch: Stretch) -> BackfillRequest:
        require_backfillable(self.settings, stretch.instrument_id, stretch.timeframe)
        end = stretch.end or self.market_data().server_time()
        try:
            start = stretch.start or end - stretch.lookback
        except OverflowError as error:
            raise ConfigurationError(f"nothing is {stretch.lookback} before {end.isoformat()}") from error
        return BackfillRequest(
            stretch.instrument_id, stretch.timeframe, start, end, stretch.page_limit, stretch.max_pages
        )

    def _record(self, asker: Asker, request: BackfillRequest, outcome: str, after: dict[str, object]) -> None:
        subject = f"{request.instrument_id} {request.timeframe}"
        span = {"start": request.start.isoformat(), "end": request.end.isoformat()}
        asker.record(self.engine, "backfill", subject, outcome, after={**span, **after})
