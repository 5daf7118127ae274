"""What trading costs: charged by the simulated exchange, counted by the engine."""

from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.errors import ConfigurationError

_BPS = Decimal(10_000)
UNEVEN = "must divide 24, as settlements are counted from midnight UTC"
"""Why an interval between settlements is refused. Counted from anywhere else it would fall on other hours every day."""


def settles_evenly(hours: int) -> bool:
    """Whether settlements every so many hours fall on the same times of every day."""
    return 24 % hours == 0


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of one venue, named as in ``config/costs.yaml``.

    :param maker_fee_bps: basis points of notional of a fill that rested, below zero where the venue pays for it;
        ``taker_fee_bps`` of one that did not.
    :param slippage_bps: basis points by which market orders and stops fill worse than the price.
    :param funding_rate: share of notional that longs pay shorts at every settlement without a recorded rate.
    :param funding_interval_hours: hours between settlements, counted from midnight UTC; divides 24.
    """

    maker_fee_bps: Decimal
    taker_fee_bps: Decimal
    slippage_bps: Decimal
    funding_rate: Decimal
    funding_interval_hours: int

    def __post_init__(self) -> None:
        if not settles_evenly(self.funding_interval_hours):
            raise ConfigurationError(f"funding interval_hours = {self.funding_interval_hours}: {UNEVEN}")

    @property
    def maker_fee(self) -> Decimal:
        """Of a fill that rested, as a fraction of its notional."""
        return self.maker_fee_bps / _BPS

    @property
    def taker_fee(self) -> Decimal:
        """Of a fill that did not rest, as a fraction of its notional."""
        return self.taker_fee_bps / _BPS
