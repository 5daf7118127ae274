"""Replay: the exchange's clock stands at every close and account event until the pipeline has answered."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import requests
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from trading_pipeline.adapters.stores.operations.progress import Progress, progress
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import Timeframe, closing_timeframes


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the exchange's clock stands.

    :param event: whether it stands at a fill or a liquidation, and not at a close.
    """

    now: datetime
    event: bool

    def __str__(self) -> str:
        return f"{'account event at' if self.event else 'wave'} {self.now.isoformat()}"


@dataclass(frozen=True, slots=True)
class ExchangeClock:
    """The simulated exchange's control address, over one connection that is kept."""

    rest_url: str
    _session: requests.Session = field(default_factory=requests.Session, repr=False, compare=False)

    def status(self) -> dict[str, object]:
        """What the exchange says of itself."""
        return self._json(self._session.get(f"{self.rest_url}/simulator/status", timeout=10))

    def advance(self) -> Stand:
        """Walk the prices to the next close, or to an account event before it.

        :returns: the venue time (UTC) at which the clock stands then.
        """
        answer = self._json(self._session.post(f"{self.rest_url}/simulator/advance", json={}, timeout=60))
        return Stand(datetime.fromisoformat(str(answer["now"])), event=answer["at"] == "event")

    def executions(self) -> int:
        """Executions of the account since the exchange started."""
        return int(str(self.status()["executions"]))

    @staticmethod
    def _json(response: requests.Response) -> dict[str, object]:
        response.raise_for_status()
        body: dict[str, object] = response.json()
        return body


def replay(
    clock: ExchangeClock,
    engine: Engine,
    timeframes: Sequence[Timeframe],
    until: datetime,
    meanwhile: Callable[[datetime], None],
    wave_timeout_s: float = 120.0,
) -> int:
    """Advance from answer to answer until ``until``; returns the number of waves.

    :param meanwhile: called while waiting, some twenty times a second, with the instant.
    :param wave_timeout_s: wall seconds.
    :raises DataError: a wave or an account event is not answered within ``wave_timeout_s``; the message says what is
        left.
    """
    waves = 0
    while (stand := clock.advance()).now <= until:
        _wait_until_settled(clock, engine, stand, timeframes, meanwhile, wave_timeout_s)
        # A wave with fills on the way is one wave, however often the clock stood.
        waves += not stand.event
        # An account event may lie at the same instant; the close comes after it and is still to be answered.
        if stand.now == until and not stand.event:
            break
    return waves


def _wait_until_settled(
    clock: ExchangeClock,
    engine: Engine,
    stand: Stand,
    timeframes: Sequence[Timeframe],
    meanwhile: Callable[[datetime], None],
    timeout_s: float,
) -> None:
    deadline = time.monotonic() + timeout_s
    wave = None if stand.event else stand.now
    closing = closing_timeframes(stand.now, timeframes) if wave else []
    while True:
        state = _progress(engine, wave, closing)
        # The exchange is asked last and only when everything else is done: an order under way may still trade.
        if state is not None and state.settled(0) and state.settled(clock.executions()):
            return
        if time.monotonic() > deadline:
            left = state or "the database does not answer"
            raise DataError(f"{stand} does not settle within {timeout_s:.0f} s: {left}")
        meanwhile(stand.now)
        time.sleep(0.02)


def _progress(engine: Engine, wave: datetime | None, closing: Sequence[Timeframe]) -> Progress | None:
    """How far it is; ``None`` while the database is away, which whoever watches the servers starts again."""
    try:
        return progress(engine, wave, closing)
    except (OperationalError, InterfaceError):
        return None
