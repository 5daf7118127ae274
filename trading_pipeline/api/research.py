"""Backtests: run as Dagster does, compared, deleted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.strategies import configured_names
from trading_pipeline.adapters.stores.reading.pipeline_counts import PipelineCounts, pipeline_counts
from trading_pipeline.api.asker import Asker
from trading_pipeline.domain.model.backfills import require_known
from trading_pipeline.domain.model.errors import DataError, UnknownName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.launched import LaunchedJob
from trading_pipeline.domain.model.timeframes import from_ms
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.orchestrator import JobLauncher
from trading_pipeline.settings import Settings

if TYPE_CHECKING:
    from trading_pipeline.domain.model.backtest_runs import RunRecord
    from trading_pipeline.services.research.compare_backtests import Comparison


@dataclass(frozen=True, slots=True)
class Research:
    """What is done about backtests; their lists are records like others."""

    settings: Settings
    engine: Engine
    universe: Universe
    jobs: JobLauncher

    def run(self, asker: Asker, strategy: str, instrument_id: InstrumentId) -> LaunchedJob:
        """Let Dagster run a configured strategy on all stored bars of an instrument, a run a timeframe.

        :raises ConfigurationError: no such strategy or instrument is configured; the message names the nearest.
        """
        require_known(strategy, configured_names(self.settings.config_dir), "configured strategy")
        require_known(instrument_id, self.universe.instrument_ids, "instrument of the universe")
        # Dagster writes a key's dimensions in the order of their names.
        title = f"backtests of {strategy} on {instrument_id}"
        launched = self.jobs.backfill(["backtests"], [f"{instrument_id}|{strategy}"], title)
        after = {"backfill_id": launched.run_id}
        asker.record(self.engine, "backtest.run", f"{strategy} {instrument_id}", after=after)
        return launched

    def delete(self, asker: Asker, run_id: str) -> None:
        """Forget a run and its trades.

        :raises UnknownName: there is none of exactly this id.
        """
        from trading_pipeline.adapters.stores.research.backtest_store import PostgresBacktestStore

        if not PostgresBacktestStore(self.engine).delete(run_id):
            raise UnknownName(f"there is no {run_id[:100]!r} among backtests")
        asker.record(self.engine, "backtest.delete", run_id)

    def compare(self, first: str, second: str) -> "Comparison":
        """In what the second run differs from the first; the beginning of an id is enough.

        :raises UnknownName: there is no such run, or several begin like this.
        """
        from trading_pipeline.services.research.compare_backtests import compare_backtests

        return compare_backtests(self._run(first), self._run(second))

    def beside_the_pipeline(self, run_id: str) -> tuple[PipelineCounts, int]:
        """What the pipeline did of the run's strategy, instruments and span; and how many trades the run has.

        :raises UnknownName: there is no such run.
        """
        run = self._run(run_id)
        if not len(run.curve.close_ms):
            return PipelineCounts(0, 0, 0, 0, 0, 0), len(run.trades)
        span = (from_ms(int(run.curve.close_ms[0])), from_ms(int(run.curve.close_ms[-1])))
        params: dict[str, Any] = dict(run.params)
        of = (params["strategy"], params["instrument_ids"], params["timeframe"])
        return pipeline_counts(self.engine, *of, *span), len(run.trades)

    def _run(self, run_id: str) -> "RunRecord":
        # arrays bring numpy: loaded by whoever asks
        from trading_pipeline.adapters.stores.research.backtest_store import PostgresBacktestStore

        try:
            return PostgresBacktestStore(self.engine).load(run_id)
        except DataError as error:
            raise UnknownName(str(error)) from error
