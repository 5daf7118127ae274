"""Replay: the exchange's clock stands still at every close until the pipeline has settled the wave."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.progress import progress
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import Timeframe, closing_timeframes


@dataclass(frozen=True, slots=True)
class ExchangeClock:
    """The simulated exchange's control address."""

    rest_url: str

    def status(self) -> dict[str, object]:
        """What the exchange says of itself."""
        return self._json(httpx.get(f"{self.rest_url}/simulator/status", timeout=10))

    def advance(self) -> datetime:
        """Walk the prices to the next close and jump there; returns the new now."""
        answer = self._json(httpx.post(f"{self.rest_url}/simulator/advance", json={}, timeout=60))
        return datetime.fromisoformat(str(answer["now"]))

    def executions(self) -> int:
        """Executions of the account since the exchange started."""
        return int(str(self.status()["executions"]))

    @staticmethod
    def _json(response: httpx.Response) -> dict[str, object]:
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
    """Advance wave by wave until ``until``; returns the number of waves.

    :param meanwhile: called while waiting, some twenty times a second, with the wave.
    :raises DataError: a wave does not settle within ``wave_timeout_s``; the message says what is left.
    """
    waves = 0
    while (now := clock.advance()) <= until:
        waves += 1
        _wait_until_settled(clock, engine, now, closing_timeframes(now, timeframes), meanwhile, wave_timeout_s)
        if now == until:
            break
    return waves


def _wait_until_settled(
    clock: ExchangeClock,
    engine: Engine,
    wave: datetime,
    closing: Sequence[Timeframe],
    meanwhile: Callable[[datetime], None],
    timeout_s: float,
) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        state = progress(engine, wave, closing)
        if state.settled(0) and state.settled(clock.executions()):
            return
        if time.monotonic() > deadline:
            raise DataError(f"wave {wave.isoformat()} does not settle within {timeout_s:.0f} s: {state}")
        meanwhile(wave)
        time.sleep(0.02)
