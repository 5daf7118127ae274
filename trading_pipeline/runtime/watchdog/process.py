"""``trading-pipeline watchdog``: built of settings, it looks every second until it is asked to end."""

import signal
import threading
from functools import partial

import structlog
from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.resources.execution_context import build_execution_context
from trading_pipeline.resources.limits_in_force import limits_in_force
from trading_pipeline.runtime.watchdog.watchdog import COMPONENT, Watchdog
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.settings import Settings

_log = structlog.get_logger(__name__)
_EVERY_S = 1.0
"""Wall seconds between two looks: a position that is naked at two of them is covered well within five seconds."""
_UNANSWERED_S = 5.0
_PATIENCE_MS = 5000
"""What a statement may take: a process that hangs in a transaction must not make the watchdog wait with it."""


def run_watchdog(settings: Settings) -> None:
    """Look until SIGTERM or SIGINT.

    :raises ConfigurationError: database, key, configuration or mode is wrong; the message says which.
    """
    if not settings.database_url:
        raise ConfigurationError("DATABASE_URL is empty; set it, or let `trading-pipeline up` start the watchdog")
    stop = threading.Event()
    # Between two looks and never within one: a stop that is being set is seen through.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = connect(settings.database_url, patience_ms=_PATIENCE_MS)
    try:
        context = _context(settings, engine, stop)
        if context is not None:
            _look_until(stop, _watchdog(context, engine, settings))
    finally:
        engine.dispose()


def _watchdog(context: ExecutionContext, engine: Engine, settings: Settings) -> Watchdog:
    records = PostgresEquityLog(engine, context.account_id), PostgresRiskEventLog(engine, context.account_id, COMPONENT)
    limits = partial(limits_in_force, engine, settings.config_dir)
    return Watchdog(context, PostgresHeartbeatStore(engine), *records, limits)


def _look_until(stop: threading.Event, watchdog: Watchdog) -> None:
    _log.info("watching", account=watchdog.context.account_id)
    while not stop.is_set():
        watchdog.look()
        stop.wait(_EVERY_S)


def _context(settings: Settings, engine: Engine, stop: threading.Event) -> ExecutionContext | None:
    """The account as the watchdog sees it; a venue that is away is waited for. ``None`` when asked to end."""
    venue = venue_named(load_universe(settings.config_dir).venue, settings)
    while not stop.is_set():
        try:
            limits = limits_in_force(engine, settings.config_dir)
            # Without the venue's list there are no steps to set a stop in, so it waits rather than look half blind.
            return build_execution_context(engine, venue, settings, limits, COMPONENT)
        except TemporaryVenueError as error:
            _log.warning("the venue does not answer yet", cause=str(error))
            stop.wait(_UNANSWERED_S)
    return None
