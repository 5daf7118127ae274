"""What has to hold before anything is started, looked at in one go and told in one go."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trading_pipeline.adapters.access.totp_keys import given_totp_keys
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.domain.model.errors import ConfigurationError, TradingError
from trading_pipeline.domain.model.identity import InstrumentId, TradingMode
from trading_pipeline.exchange_simulator.instruments import typical_price
from trading_pipeline.runtime.supervision.embedded import find_redis_server
from trading_pipeline.runtime.supervision.subprocess_tasks import check_parameters
from trading_pipeline.runtime.supervision.system import refuse_taken_port
from trading_pipeline.settings import Settings

# 1 GiB.
LEAST_FREE_BYTES = 1 << 30
"""Of the disk that holds the state folder: databases, logs and a backfill of some weeks fit into it."""

_AHEAD = timedelta(seconds=1)
_BEHIND = timedelta(seconds=5)
"""How far this machine's clock may be from the venue's: requests carry its time, and one outside is refused
(https://bybit-exchange.github.io/docs/v5/guide#parameters-for-authenticated-endpoints)."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    :param name: what it is about, in a word or two.
    :param look: raises ``TradingError`` where it does not hold.
    """

    name: str
    look: Callable[[], None]


def require(checks: Sequence[Check]) -> None:
    """Look at everything, so that a person mends everything at once.

    :raises ConfigurationError: something does not hold; one line for each.
    """
    found: dict[str, str] = {}
    for check in checks:
        if problem := _problem(check):
            found.setdefault(problem, check.name)  # a file that cannot be read is in the way of several
    problems = [f"{name}: {problem}" for problem, name in found.items()]
    if len(problems) == 1:
        raise ConfigurationError(problems[0])
    if problems:
        raise ConfigurationError("\n  ".join([f"{len(problems)} things have to be mended first", *problems]))


def _problem(check: Check) -> str:
    try:
        check.look()
    except TradingError as error:
        return str(error)
    return ""


def machine_checks(state_dir: Path, port: int, *, redis_url: str) -> list[Check]:
    """Of every system that is started here.

    :param redis_url: empty where a server of our own is needed.
    """
    return [
        Check("port", lambda: refuse_taken_port(port)),
        Check("disk", lambda: refuse_full_disk(state_dir)),
        *([] if redis_url else [Check("redis", refuse_missing_redis)]),
    ]


def system_checks(settings: Settings, port: int, simulated_start: datetime | None) -> list[Check]:
    """Of ``trading-pipeline up``.

    :param simulated_start: where the clock of an exchange begins that is started with the system, so that there is no
        venue and no key yet; ``None`` where there is a venue.
    """
    configured = Check("configuration", lambda: check_parameters(settings.config_dir))
    machine = machine_checks(settings.state_dir, port, redis_url=settings.redis_url)
    machine += api_checks(settings.api_port, "TRADING_API_PORT, or 0")
    if simulated_start is not None:
        history = Check("history", lambda: refuse_future_history(settings, simulated_start))
        return [configured, Check("symbols", lambda: _refuse_unsimulated(settings)), history, *machine]
    venue = [
        Check("key", lambda: refuse_missing_key(settings)),
        Check("real money", lambda: refuse_unacknowledged(settings)),
        *second_factor_checks(settings),
        Check("venue", lambda: _meet(settings)),
    ]
    return [configured, *venue, *machine]


def api_checks(port: int, option: str) -> list[Check]:
    """Of an API beside the rest; none where its port is 0.

    :param option: by which another port is chosen.
    """
    return [Check("api", lambda: refuse_taken_port(port, option))] if port else []


def refuse_untraded(instrument_ids: Iterable[InstrumentId]) -> None:
    """Make sure that the simulated exchange has a market of each.

    :raises ConfigurationError: it has none of one.
    """
    for one in instrument_ids:
        typical_price(one.symbol)


def refuse_missing_redis() -> None:
    """Make sure that there is a Redis server to start.

    :raises ConfigurationError: there is none.
    """
    find_redis_server()


def refuse_full_disk(folder: Path) -> None:
    """Make sure that the state fits: a GiB is free where it is written.

    :raises ConfigurationError: it will not.
    """
    # The folder may not exist yet; its disk is that of the first parent that does.
    existing = next(parent for parent in (folder.resolve(), *folder.resolve().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_BYTES:
        raise ConfigurationError(
            f"{free / 1e9:.1f} GB are free for {folder}, {LEAST_FREE_BYTES / 1e9:.1f} GB are needed; free some, or "
            "choose another folder with TRADING_STATE_DIR"
        )


def refuse_missing_key(settings: Settings) -> None:
    """Make sure that there is a key to trade with.

    :raises ConfigurationError: there is none.
    """
    venue_named(load_universe(settings.config_dir).venue, settings).key_fingerprint()


def second_factor_checks(settings: Settings) -> list[Check]:
    """Of an API that has to seal second factors, and cannot make a key of its own."""
    return [Check("second factors", lambda: refuse_missing_totp_key(settings))] if settings.api_port else []


def refuse_missing_totp_key(settings: Settings) -> None:
    """Make sure that the API can seal second factors.

    :raises ConfigurationError: it cannot, and the mode needs them.
    """
    given_totp_keys(settings)


def refuse_unacknowledged(settings: Settings) -> None:
    """Make sure that whoever trades real money has written the account down; it is compared when there is an account.

    :raises ConfigurationError: nothing is written down.
    """
    if settings.mode is TradingMode.LIVE and not settings.live_trading_acknowledged.strip():
        raise ConfigurationError(
            "TRADING_MODE is live and LIVE_TRADING_ACKNOWLEDGED is empty; set it to the account's id to trade real "
            "money"
        )


def refuse_future_history(settings: Settings, now: datetime) -> None:
    """Make sure that there is a past to look at.

    :param now: venue time.
    :raises ConfigurationError: ``history_start`` is not in it.
    """
    start = load_universe(settings.config_dir).history_start
    if start >= now:
        raise ConfigurationError(
            f"history_start {start:%Y-%m-%d} in universe.yaml is not before {now:%Y-%m-%d %H:%M} UTC, where the "
            "venue's clock stands; set it to an earlier day, or this machine's clock right"
        )


def refuse_wrong_clock(here: datetime, there: datetime) -> None:
    """Make sure that requests are in time: at most a second ahead of the venue, at most five seconds behind.

    :param here: this machine's time, UTC.
    :param there: the venue's, read at the same instant.
    :raises ConfigurationError: they are too far apart.
    """
    ahead = here - there
    if not -_BEHIND < ahead < _AHEAD:
        direction = "ahead of" if ahead > timedelta(0) else "behind"
        raise ConfigurationError(
            f"this machine's clock is {abs(ahead.total_seconds()):.1f} s {direction} the venue's, which then refuses "
            "every order; let a time server set it"
        )


def _refuse_unsimulated(settings: Settings) -> None:
    # paper trades what the real venue lists
    if settings.mode is TradingMode.SIMULATED:
        refuse_untraded(load_universe(settings.config_dir).instrument_ids)


def _meet(settings: Settings) -> None:
    """Ask the venue for its time and compare both clocks with it."""
    market = venue_named(load_universe(settings.config_dir).venue, settings).market_data()
    before = datetime.now(UTC)
    there = market.server_time()
    refuse_future_history(settings, there)
    if settings.mode is not TradingMode.SIMULATED:
        # The middle of the request: half of its time went by before the venue read its clock.
        refuse_wrong_clock(before + (datetime.now(UTC) - before) / 2, there)
