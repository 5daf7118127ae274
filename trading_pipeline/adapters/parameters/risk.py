"""``risk.yaml``: the limits of the gate, and what sizes an entry within them."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trading_pipeline.adapters.parameters.reading import Section, read
from trading_pipeline.domain.portfolio.sizing import BOUNDS, NUMBERS, SizingModel, SizingRule
from trading_pipeline.domain.risk.limits import EntriesBy, RiskLimits

Amount = Annotated[Decimal, Field(gt=0)]
Share = Annotated[Decimal, Field(gt=0, le=1)]
Percent = Annotated[Decimal, Field(gt=0, le=1000)]


class _SizingSection(Section):
    """A model with the numbers it reads, all of them; the bounds are anybody's and optional."""

    model: Literal["risk", "fixed", "fractional", "volatility", "kelly"]
    fixed_amount: Amount | None = None
    fraction: Share | None = None
    target_volatility_pct: Percent | None = None
    win_rate: Share | None = None
    average_win_pct: Percent | None = None
    average_loss_pct: Percent | None = None
    max_balance_share: Share | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None

    @model_validator(mode="after")
    def _what_the_model_reads(self) -> Self:
        numbers = () if self.model == "risk" else NUMBERS[SizingModel(self.model)]
        bounds = () if self.model == "risk" else BOUNDS
        # Numbers that a model does not read would look as if they did something.
        given = self.model_fields_set - {"model"}
        if unread := sorted(given - {*numbers, *bounds}):
            known = ", ".join((*numbers, *bounds)) or "risk_per_trade alone"
            raise ValueError(f"model {self.model} does not read {', '.join(unread)}; it reads {known}")
        if missing := [name for name in numbers if name not in given]:
            raise ValueError(f"model {self.model} needs {', '.join(missing)}")
        if self.min_amount and self.max_amount and self.min_amount > self.max_amount:
            raise ValueError(f"min_amount {self.min_amount} must not exceed max_amount {self.max_amount}")
        return self

    def rule(self) -> SizingRule | None:
        """The same in domain types; ``None`` sizes by risk."""
        if self.model == "risk":
            return None
        return SizingRule(SizingModel(self.model), **self.model_dump(exclude={"model"}, exclude_unset=True))


class _RiskFile(Section):
    """Keys and ranges; a limit outside its range is taken for a misplaced point, not for courage."""

    risk_per_trade: Annotated[Decimal, Field(gt=0, le=Decimal("0.1"))]
    max_open_positions: Annotated[int, Field(ge=1, le=100)]
    max_leverage: Annotated[Decimal, Field(ge=1, le=100)]
    max_daily_loss: Annotated[Decimal, Field(gt=0, le=1)]
    cooldown_bars: Annotated[int, Field(ge=0, le=1000)]
    max_wallet_age_s: Annotated[int, Field(ge=1, le=3600)]
    plan_ttl_bars: Annotated[int, Field(ge=1, le=100)]
    entries_by: EntriesBy = EntriesBy.SYMBOL
    sizing: _SizingSection = _SizingSection(model="risk")


def load_risk(config_dir: Path) -> RiskLimits:
    """The limits in ``config_dir/risk.yaml``.

    :raises ConfigurationError: the file is missing or breaks a rule; the message names file and key.
    """
    content = read(config_dir / "risk.yaml", _RiskFile)
    return RiskLimits(**content.model_dump(exclude={"sizing"}), sizing=content.sizing.rule())
