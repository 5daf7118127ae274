"""A fresh system that backfills and then replays in lock-step, with a live table about it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.adapters.stores.research.replay_facts import ReplayFacts, replay_facts
from trading_pipeline.adapters.venues.catalog import derivations_of
from trading_pipeline.domain.model.backfills import partition_keys
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.stages import stage_assets
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.runtime.replay.backfill import launch_backfill, wait_for_backfill
from trading_pipeline.runtime.replay.lock_step import ExchangeClock, replay
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan, prepared
from trading_pipeline.runtime.replay.report import ReportHeader
from trading_pipeline.runtime.supervision.stages import Say, Stages
from trading_pipeline.runtime.supervision.up import RunningSystem, StopRequested

# Wall seconds for all of its days together.
_BACKFILL_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """A finished replay whose system still runs."""

    header: ReportHeader
    facts: ReplayFacts
    engine: Engine
    universe: Universe
    system: RunningSystem
    stop: StopRequested


@contextmanager
def replayed(plan: ReplayPlan, config_dir: Path, console: Console) -> Iterator[Replayed]:
    """Run a replay from an empty state folder until it is idle at its end; the exit ends the system.

    :raises ConfigurationError: something it was given cannot work.
    :raises DataError: the backfill or a wave did not finish.
    """
    say = Stages(console)
    say("looking at configuration, days, disk and ports")
    stop = StopRequested()
    with (
        prepared(plan, config_dir) as universe,
        RunningSystem(plan.settings(), plan.port, plan.exchange_arguments(universe), say) as system,
    ):
        say(f"Dagster UI {system.webserver}, logs {system.state.log_dir}")
        if system.exchange is None:
            raise ConfigurationError("a replay trades on the exchange simulator")
        engine = connect(system.state.variables["DATABASE_URL"])
        try:
            run = _Run(plan, universe, system, engine, stop, say)
            with Live(get_renderable=run.table, console=console, refresh_per_second=2):
                header = run.play(ExchangeClock(system.exchange.rest_url))
            if not console.is_terminal:
                console.line()  # where nothing is drawn anew, the table ends without one
            facts = replay_facts(engine, plan.since, plan.end)
            say("reporting")
            yield Replayed(header, facts, engine, universe, system, stop)
        finally:
            engine.dispose()


@dataclass(slots=True)
class _Run:
    """The moving parts of one replay, and the live table about them."""

    plan: ReplayPlan
    universe: Universe
    system: RunningSystem
    engine: Engine
    stop: StopRequested
    say: Say
    stage: str = "starting"
    wave: datetime | None = None
    restarts: list[str] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _facts: ReplayFacts | None = None
    _facts_at: float = 0.0

    def play(self, clock: ExchangeClock) -> ReportHeader:
        """Backfill, then replay."""
        self._wait_for_feed(clock)
        began = time.monotonic()
        self._backfill()
        filled = time.monotonic()
        self._begin("replaying in lock-step")
        replay(clock, self.engine, self.universe.timeframes, self.plan.end, self._tick)
        return ReportHeader(
            source=self.plan.source,
            instrument_ids=self.universe.instrument_ids,
            start=self.plan.start,
            end=self.plan.end,
            backfilled_days=(self.plan.start - self._first_day()).days,
            backfill_s=filled - began,
            replay_s=time.monotonic() - filled,
        )

    def table(self) -> Table:
        """Progress at a glance."""
        table = Table(show_header=False, title=f"{self.plan.source}, {self.stage}", title_justify="left")
        table.add_row("running for", f"{time.monotonic() - self._began:.0f} s")
        table.add_row("wave", f"{self.wave:%Y-%m-%d %H:%M}" if self.wave else "none yet")
        facts = self._read_facts()
        if facts is not None:
            for label in ("waves", "signals", "plans", "orders", "fills", "open_positions", "closed_trades"):
                table.add_row(label.replace("_", " "), str(facts.counts[label]))
            table.add_row("net PnL", f"{facts.pnl_usdt:+.2f} USDT, {facts.pnl_r:+.2f} R")
        if self.restarts:
            table.add_row("restarted", ", ".join(self.restarts))
        return table

    def _read_facts(self) -> ReplayFacts | None:
        # Once a second at most: the table is drawn twice a second, and the facts are a dozen queries.
        if self.wave is not None and time.monotonic() - self._facts_at > 1:
            # A server that is just being started again must not end what it is only looked at for.
            with suppress(OperationalError, InterfaceError):
                self._facts = replay_facts(self.engine, self.plan.since, self.plan.end)
            self._facts_at = time.monotonic()
        return self._facts

    def _wait_for_feed(self, clock: ExchangeClock) -> None:
        self._begin("waiting for the feed")
        # Of timeframes that the venue does not publish there is no topic to wait for.
        published = set(self.universe.timeframes) - set(derivations_of(self.universe.venue))
        topics = len(self.universe.instrument_ids) * len(published)
        deadline = time.monotonic() + 60
        while True:
            status = clock.status()
            # Both streams: a close or a fill that nobody hears would never be answered, and the replay would end there.
            if int(str(status["kline_subscriptions"])) >= topics and int(str(status["private_connections"])) >= 1:
                return
            if time.monotonic() > deadline:
                raise DataError(f"the feed did not subscribe within 60 s; see {self.system.state.log_dir}/feed.log")
            self._check()

    def _backfill(self) -> None:
        first = self._first_day()
        days = (self.plan.start - first).days
        if not days:
            return
        self._begin(f"backfilling {days} days")
        assets = list(stage_assets(self.universe.timeframes))
        keys = partition_keys(first.date(), days, self.universe.instrument_ids)
        backfill_id = launch_backfill(self.system.webserver, assets, keys, f"{days} days before the replay")
        wait_for_backfill(
            self.system.webserver,
            backfill_id,
            _BACKFILL_TIMEOUT_S,
            self._check,
            lambda percent: self.say(f"backfilled {percent} %"),
        )

    def _begin(self, stage: str) -> None:
        self.stage = stage
        self.say(stage)

    def _first_day(self) -> datetime:
        return max(self.plan.start - timedelta(days=self.plan.backfill_days), self.universe.history_start)

    def _tick(self, wave: datetime) -> None:
        self.wave = wave
        self._check()

    def _check(self) -> None:
        self.restarts += self.system.check()
        if self.stop.wait(0):
            # The same way out as Ctrl-C in a terminal, so that everything is ended in its order.
            raise KeyboardInterrupt
