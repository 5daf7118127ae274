"""Bars and money for tests: plausible, reproducible, short to ask for."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np

from trading_pipeline.domain.model.accounts import Balance, Wallet
from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.holes import HolePolicy, HoleRules
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.instruments import Instrument, InstrumentKind
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe

START = datetime(2025, 3, 1, tzinfo=UTC)
ACCOUNT = AccountId("BYBIT:1001:simulated")


def usdt(equity: Decimal, available: Decimal | None = None) -> Balance:
    """USDT without open positions."""
    return Balance(equity, equity, equity if available is None else available, Decimal(0))


def usdt_wallet(equity: Decimal, read_at: datetime, available: Decimal | None = None) -> Wallet:
    """An account that holds nothing else."""
    return Wallet({"USDT": usdt(equity, available)}, read_at)


def instrument(instrument_id: str = "BTCUSDT.BYBIT") -> Instrument:
    """Steps and minimums of a large perpetual."""
    return Instrument(
        instrument_id=InstrumentId(instrument_id),
        kind=InstrumentKind.LINEAR_PERPETUAL,
        base_currency=InstrumentId(instrument_id).symbol.removesuffix("USDT"),
        quote_currency="USDT",
        settlement_currency="USDT",
        price_increment=Decimal("0.1"),
        quantity_increment=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        max_quantity=Decimal(1000),
        max_market_quantity=Decimal(100),
        min_notional=Decimal(5),
        max_leverage=Decimal(50),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.00055"),
    )


def a_bar(
    instrument_id: str = "BTCUSDT.BYBIT",
    open_time: datetime = START,
    timeframe: Timeframe = Timeframe.H1,
    open: str = "100",  # noqa: A002 - the field's name
    high: str = "110",
    low: str = "90",
    close: str = "105",
    volume: str = "7",
) -> Bar:
    """One sound bar; prices as text."""
    prices = (Decimal(text) for text in (open, high, low, close, volume))
    return Bar(InstrumentId(instrument_id), timeframe, open_time, *prices, turnover=Decimal(volume) * 100)


def walk(
    instrument_id: str = "BTCUSDT.BYBIT",
    start: datetime = START,
    count: int = 100,
    timeframe: Timeframe = Timeframe.H1,
    seed: int = 1,
    price: float = 100.0,
) -> list[Bar]:
    """Consecutive sound bars on a random path; the same arguments give the same bars."""
    random = np.random.default_rng([seed, *InstrumentId(instrument_id).symbol.encode()])
    path = price * np.exp(np.cumsum(random.normal(0, 0.01, count + 1)))
    wicks = 1 + random.uniform(0, 0.005, (count, 2))
    volumes = random.uniform(1, 1000, count)
    return [
        Bar(
            InstrumentId(instrument_id),
            timeframe,
            start + step * timeframe.duration,
            open=_price(opened),
            high=_price(max(opened, closed) * wicks[step, 0]),
            low=_price(min(opened, closed) / wicks[step, 1]),
            close=_price(closed),
            volume=_price(volumes[step]),
            turnover=_price(volumes[step] * closed),
        )
        for step, (opened, closed) in enumerate(pairwise(path))
    ]


def _price(value: float) -> Decimal:
    return Decimal(f"{value:.4f}")


def without(bars: Sequence[Bar], *places: int) -> list[Bar]:
    """The bars less those at ``places``."""
    return [bar for place, bar in enumerate(bars) if place not in places]


def a_range(
    instrument_ids: Sequence[str] = ("BTCUSDT.BYBIT",),
    timeframe: Timeframe = Timeframe.H1,
    start: datetime = START,
    days: int = 1,
    history_start: datetime = START,
    policy: HolePolicy = HolePolicy.COMPUTE_OVER,
) -> PartitionRange:
    """Whole days from ``start``."""
    end = start + days * Timeframe.D1.duration
    return PartitionRange(
        tuple(InstrumentId(one) for one in instrument_ids),
        timeframe,
        start,
        end,
        history_start,
        holes=HoleRules(policy),
    )


def days_of(scope: PartitionRange) -> Iterator[PartitionRange]:
    """The range cut into its days."""
    for day in scope.days:
        yield a_range(scope.instrument_ids, scope.timeframe, day, 1, scope.history_start)
