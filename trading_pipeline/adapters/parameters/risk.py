"""``risk.yaml``: the limits of the gate."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field

from trading_pipeline.adapters.parameters.reading import Section, read
from trading_pipeline.domain.risk.limits import RiskLimits


class _RiskFile(Section):
    """Keys and ranges; a limit outside its range is taken for a misplaced point, not for courage."""

    risk_per_trade: Annotated[Decimal, Field(gt=0, le=Decimal("0.1"))]
    max_open_positions: Annotated[int, Field(ge=1, le=100)]
    max_leverage: Annotated[Decimal, Field(ge=1, le=100)]
    max_daily_loss: Annotated[Decimal, Field(gt=0, le=1)]
    cooldown_bars: Annotated[int, Field(ge=0, le=1000)]
    max_wallet_age_s: Annotated[int, Field(ge=1, le=3600)]
    plan_ttl_bars: Annotated[int, Field(ge=1, le=100)]


def load_risk(config_dir: Path) -> RiskLimits:
    """The limits in ``config_dir/risk.yaml``.

    :raises ConfigurationError: the file is missing or breaks a rule; the message names file and key.
    """
    return RiskLimits(**read(config_dir / "risk.yaml", _RiskFile).model_dump())
