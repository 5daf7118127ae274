"""``risk.yaml``: the limits of the gate, and what sizes an entry within them."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from trading_pipeline.adapters.parameters.reading import Section, mapping_in, validated
from trading_pipeline.adapters.parameters.risk_sections import (
    ActivitySection,
    CircuitSection,
    CooldownSection,
    Fraction,
    LagSection,
    LossSection,
    MarketSection,
    OrderSection,
    PauseSection,
    PortfolioSection,
    ReconciliationSection,
)
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.portfolio.sizing import BOUNDS, NUMBERS, SizingModel, SizingRule
from trading_pipeline.domain.risk.limits import EntriesBy, RiskLimits

Profile = Literal["conservative", "balanced", "aggressive"]
_SECTIONS = (
    "circuit",
    "losses",
    "activity",
    "cooldowns",
    "portfolio",
    "market",
    "orders",
    "pause",
    "lag",
    "reconciliation",
)

NO_CHANGES: Mapping[str, object] = MappingProxyType({})
"""The files decide alone."""

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

    profile: Profile | None = None
    risk_per_trade: Annotated[Decimal, Field(gt=0, le=Decimal("0.1"))]
    max_open_positions: Annotated[int, Field(ge=0, le=100)]
    max_leverage: Annotated[Decimal, Field(ge=1, le=100)]
    max_daily_loss: Fraction
    cooldown_bars: Annotated[int, Field(ge=0, le=1000)]
    max_wallet_age_s: Annotated[int, Field(ge=1, le=3600)]
    plan_ttl_bars: Annotated[int, Field(ge=1, le=100)]
    entries_by: EntriesBy = EntriesBy.SYMBOL
    sizing: _SizingSection = _SizingSection(model="risk")
    warn_at: Fraction = Decimal("0.8")
    circuit: CircuitSection = CircuitSection()
    losses: LossSection = LossSection()
    activity: ActivitySection = ActivitySection()
    cooldowns: CooldownSection = CooldownSection()
    portfolio: PortfolioSection = PortfolioSection()
    market: MarketSection = MarketSection()
    orders: OrderSection = OrderSection()
    pause: PauseSection = PauseSection()
    lag: LagSection = LagSection()
    reconciliation: ReconciliationSection = ReconciliationSection()

    def limits(self) -> RiskLimits:
        """The same in domain types."""
        plain = self.model_dump(exclude={"profile", "sizing", *_SECTIONS})
        given = {name: getattr(self, name).limits() for name in _SECTIONS}
        return RiskLimits(**plain, **given, sizing=self.sizing.rule())


def load_risk(config_dir: Path, changes: Mapping[str, object] = NO_CHANGES) -> RiskLimits:
    """The limits in ``config_dir/risk.yaml``, over those of the profile that it names, under what people changed.

    A key of the file takes the place of the profile's, a section key by key.

    :param changes: by key, one of a section with its name: ``circuit.soft``.
    :raises ConfigurationError: a file is missing or breaks a rule, alone or with the changes; the message names file
        and key.
    """
    return _file(config_dir, changes).limits()


def risk_values(config_dir: Path, changes: Mapping[str, object] = NO_CHANGES) -> dict[str, object]:
    """Every limit by its key, as JSON writes it; decimal numbers are text.

    :raises ConfigurationError: see ``load_risk``.
    """
    written = _file(config_dir, changes).model_dump(mode="json")
    sections = {f"{name}.{key}": value for name in _SECTIONS for key, value in written.pop(name).items()}
    return written | sections


def _file(config_dir: Path, changes: Mapping[str, object]) -> _RiskFile:
    path = config_dir / "risk.yaml"
    content = mapping_in(path)
    if (name := content.get("profile")) is not None:
        # The model again, over both, because one may break what the other keeps.
        content = _over(_profile(config_dir, name), content)
    if not changes:
        return validated(path, content, _RiskFile)
    # Sound without them first: a change is not to be blamed for the file, nor to mend it unseen.
    validated(path, content, _RiskFile)
    return validated(f"{path} under what was changed since", _over(content, _nested(changes)), _RiskFile)


def _nested(changes: Mapping[str, object]) -> dict[str, object]:
    """Keys of sections below their sections, as a file has them."""
    nested: dict[str, Any] = {}
    for name, value in changes.items():
        section, _, key = name.partition(".")
        if key:
            nested.setdefault(section, {})[key] = value
        else:
            nested[section] = value
    return nested


def _profile(config_dir: Path, name: object) -> dict[str, object]:
    """A profile's own file, sound by itself."""
    if name not in get_args(Profile):
        raise ConfigurationError(
            f"{config_dir / 'risk.yaml'}: profile = {name!r}: one of {', '.join(get_args(Profile))}"
        )
    path = config_dir / "risk" / f"{name}.yaml"
    content = mapping_in(path)
    validated(path, content, _RiskFile)
    return content


def _over(profile: dict[str, object], content: dict[str, object]) -> dict[str, object]:
    """The profile with what the file says in its place."""
    merged = dict(profile)
    for key, value in content.items():
        below = profile.get(key)
        # A sizing model reads its own numbers alone, so it is replaced as a whole.
        nested = key != "sizing" and isinstance(value, dict) and isinstance(below, dict)
        merged[key] = {**below, **value} if nested else value  # type: ignore[dict-item]
    return merged
