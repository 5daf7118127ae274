"""The exchange simulator as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading

START = "2025-06-01T00:00:00"
_RUN = "import typer; from trading_pipeline.cli.exchange import exchange; typer.run(exchange)"
_GRACE_S = 10.0


@dataclass(frozen=True)
class Simulator:
    """Addresses, key and controls of a running exchange that stands still between steps."""

    rest_url: str
    public_ws_url: str
    private_ws_url: str
    api_key: str
    api_secret: str
    account_id: str
    others: list[dict[str, str]]

    def client(self, key: str = "", secret: str = "") -> BybitClient:
        """A client with the account's key, unless another is given."""
        return BybitClient(self.rest_url, key or self.api_key, secret or self.api_secret, timeout_s=5.0, attempts=2)

    def market_data(self) -> BybitMarketData:
        """The markets."""
        return BybitMarketData(self.client())

    def trading(self) -> BybitTrading:
        """The account."""
        return BybitTrading(self.client())

    def advance(self) -> datetime:
        """Walk to the next close, whatever the account hears on the way, and return it."""
        while (answer := self._post("advance", {}))["at"] == "event":
            pass
        return datetime.fromisoformat(str(answer["now"]))

    def fault(self, kind: str, path: str = "", **details: int) -> None:
        """Arm a fault for the next request, or break the streams."""
        self._post("faults", {"kind": kind, "path": path, **details})

    def status(self) -> dict[str, object]:
        """What the exchange says of itself."""
        return _result(httpx.get(f"{self.rest_url}/simulator/status"))

    def environment(self) -> dict[str, str]:
        """The settings that point a process at this exchange."""
        return {
            "BYBIT_REST_URL": self.rest_url,
            "BYBIT_PUBLIC_WS_URL": self.public_ws_url,
            "BYBIT_PRIVATE_WS_URL": self.private_ws_url,
            "BYBIT_API_KEY": self.api_key,
            "BYBIT_API_SECRET": self.api_secret,
        }

    def _post(self, control: str, body: dict[str, object]) -> dict[str, object]:
        return _result(httpx.post(f"{self.rest_url}/simulator/{control}", json=body, timeout=30))


def _result(response: httpx.Response) -> dict[str, object]:
    response.raise_for_status()
    body: dict[str, object] = response.json()
    return body


@contextmanager
def simulator(
    symbols: str = "BTCUSDT,SOLUSDT",
    lock_step: str = "15m",
    half_spread_ticks: int = 0,
    taker_fee_bps: float = 5.5,
    bars: Path | None = None,
) -> Iterator[Simulator]:
    """An exchange with generated bars, or those of a folder, that runs until the block ends."""
    options = ["--symbols", symbols, "--seed", "7", "--profile", "ideal", "--start", START, "--lock-step", lock_step]
    options += ["--half-spread-ticks", str(half_spread_ticks), "--taker-fee-bps", str(taker_fee_bps)]
    options += ["--bars", str(bars)] if bars else []
    process = subprocess.Popen([sys.executable, "-c", _RUN, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Simulator(**json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(_GRACE_S)
        process.stdout.close()
