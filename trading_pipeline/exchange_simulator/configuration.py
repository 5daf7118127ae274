"""What to simulate, and which wishes go together."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.live_venue import LiveVenue

LOOPBACK = "127.0.0.1"
BASE_TIER = Costs(Decimal(2), Decimal("5.5"), Decimal(0), Decimal("0.0001"), 8)
"""Fees of a new account at the venue, and the interest part of its funding rate."""


@dataclass(frozen=True, slots=True)
class AnotherAccount:
    """An account beside the first one.

    :param name: what its keys depend on, with what the first one's do.
    :param balance: initial USDT.
    """

    name: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Configuration:
    """What to simulate.

    :param bars: folder of recorded bars; ``None`` generates them from ``seed``.
    :param host: IPv4 address or name of this machine to listen on.
    :param port: 0 takes any free one.
    :param lock_step: timeframe of the lock-step clock; ``None`` lets the clock run free at ``speed``.
    :param wall: virtual time is wall time, and the bars from ``start`` on are moved to now.
    :param tls: folder of the certificate with which HTTPS and WSS are served, made when it is missing; ``None`` serves
        neither.
    :param faults: file of the faults that are armed at the start.
    :param state: file that the account is kept in; what it holds comes before ``start``.
    :param others: accounts beside the first one.
    :param live: the venue whose prices are taken as they are told; goes with ``wall``, and with neither bars nor start.
    :param profile: how kind the market is.
    :param latency_ms: mean time that a request about an order takes to reach the market, under the realistic profile.
    :param costs: what every account pays; funding rates recorded beside the bars come before the constant one.
    """

    symbols: tuple[str, ...]
    host: str = LOOPBACK
    port: int = 0
    bars: Path | None = None
    seed: int = 0
    start: datetime | None = None
    speed: float = 1.0
    lock_step: Timeframe | None = None
    wall: bool = False
    state: Path | None = None
    tls: Path | None = None
    faults: Path | None = None
    balance: Decimal = Decimal(10_000)
    others: tuple[AnotherAccount, ...] = ()
    half_spread_ticks: int = 0
    costs: Costs = BASE_TIER
    live: LiveVenue | None = None
    profile: ExecutionProfile = ExecutionProfile.REALISTIC
    latency_ms: int = 30

    @property
    def met(self) -> ExecutionProfile:
        """The profile that orders meet: a venue's ticker tells no volumes, of which a realistic fill is a share."""
        return self.profile if self.live is None else ExecutionProfile.IDEAL

    @property
    def origin(self) -> str:
        """What the account's keys depend on."""
        if self.live is not None:
            return self.live.rest_url
        return str(self.bars.name if self.bars else self.seed)

    @property
    def identity(self) -> dict[str, str]:
        """What an account cannot be taken away from: its prices, and what it began with."""
        kind = "venue" if self.live is not None else "folder" if self.bars else "seed"
        return {
            "bars": f"{kind} {self.origin}",
            "time": "wall" if self.wall else "virtual",
            "balance": str(self.balance),
            "accounts": ", ".join(f"{other.name} of {other.balance}" for other in self.others),
        }

    def check(self) -> None:
        """Refuse what does not fit together.

        :raises ConfigurationError: symbols, accounts, clock or prices do not.
        """
        if not self.symbols or len(set(self.symbols)) != len(self.symbols):
            raise ConfigurationError(f"symbols {','.join(self.symbols)!r} are empty or repeated; name each once")
        names = [account.name for account in self.others]
        if not all(names) or len(set(names)) != len(names):
            raise ConfigurationError(f"accounts {','.join(names)!r} are unnamed or repeated; name each once")
        if self.wall and (self.lock_step is not None or self.speed != 1):
            raise ConfigurationError("wall time can be neither stepped nor sped up; leave --speed and --lock-step away")
        if self.live is not None and (not self.wall or self.bars or self.start):
            raise ConfigurationError("a venue's prices come at wall time: give --wall, and neither --bars nor --start")
