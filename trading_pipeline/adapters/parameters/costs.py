"""``costs.yaml``: what trading costs at the venue."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from trading_pipeline.adapters.parameters.reading import Section, read
from trading_pipeline.domain.lifecycle.costs import UNEVEN, Costs, settles_evenly

FeeBps = Annotated[Decimal, Field(ge=0, le=100)]
# Below zero is a rebate, which some venues pay a maker.
MakerFeeBps = Annotated[Decimal, Field(ge=-10, le=100)]


class _FundingSection(Section):
    rate: Annotated[Decimal, Field(ge=Decimal("-0.04"), le=Decimal("0.04"))]
    interval_hours: Annotated[int, Field(ge=1, le=24)]

    @field_validator("interval_hours")
    @classmethod
    def _evenly(cls, hours: int) -> int:
        if not settles_evenly(hours):
            raise ValueError(UNEVEN)
        return hours


class _CostsFile(Section):
    """Keys and ranges; a rate beyond the venue's caps is taken for a misplaced point."""

    maker_fee_bps: MakerFeeBps
    taker_fee_bps: FeeBps
    slippage_bps: Annotated[Decimal, Field(ge=0, le=500)]
    funding: _FundingSection


def load_costs(config_dir: Path) -> Costs:
    """The costs in ``config_dir/costs.yaml``.

    :raises ConfigurationError: the file is missing or breaks a rule; the message names file and key.
    """
    content = read(config_dir / "costs.yaml", _CostsFile)
    return Costs(
        maker_fee_bps=content.maker_fee_bps,
        taker_fee_bps=content.taker_fee_bps,
        slippage_bps=content.slippage_bps,
        funding_rate=content.funding.rate,
        funding_interval_hours=content.funding.interval_hours,
    )
