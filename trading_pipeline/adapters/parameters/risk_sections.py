"""The sections of ``risk.yaml``: keys and ranges of families of rules. A limit of 0 switches its rule off."""

import re
from datetime import time
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from trading_pipeline.adapters.parameters.reading import Section
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.differences import DifferenceKind
from trading_pipeline.domain.risk.limit_sections import (
    ActivityLimits,
    CircuitLimits,
    CooldownLimits,
    LagLimits,
    LossLimits,
    MarketLimits,
    NewsWindow,
    OrderLimits,
    PauseLimits,
    PortfolioLimits,
    ReconciliationLimits,
)

Fraction = Annotated[Decimal, Field(ge=0, le=1)]
Money = Annotated[Decimal, Field(ge=0)]
Number = Annotated[int, Field(ge=0, le=100_000)]
Seconds = Annotated[int, Field(ge=0, le=604_800)]
Bps = Annotated[Decimal, Field(ge=0, le=1_000)]

_OFF = Decimal(0)
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class CircuitSection(Section):
    """``circuit``."""

    soft: Fraction = _OFF
    hard: Fraction = _OFF

    @model_validator(mode="after")
    def _soft_first(self) -> Self:
        # The other way round the soft one would open after everything was closed.
        if self.soft and self.hard and self.soft > self.hard:
            raise ValueError(f"soft {self.soft} must not exceed hard {self.hard}")
        return self

    def limits(self) -> CircuitLimits:
        """The same in domain types."""
        return CircuitLimits(**self.model_dump())


class LossSection(Section):
    """``losses``."""

    max_daily_loss_amount: Money = _OFF
    max_drawdown: Fraction = _OFF
    max_loss_streak: Annotated[int, Field(ge=0, le=50)] = 0
    loss_streak_hours: Annotated[int, Field(ge=1, le=8_760)] = 24
    streak_size_step: Fraction = _OFF

    def limits(self) -> LossLimits:
        """The same in domain types."""
        return LossLimits(**self.model_dump())


class ActivitySection(Section):
    """``activity``."""

    max_orders_5m: Number = 0
    max_turnover_5m: Money = _OFF
    max_orders_day: Number = 0
    max_turnover_day: Money = _OFF

    def limits(self) -> ActivityLimits:
        """The same in domain types."""
        return ActivityLimits(**self.model_dump())


class CooldownSection(Section):
    """``cooldowns``."""

    bars: dict[Timeframe, Annotated[int, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    after_entry_s: Seconds = 0
    after_loss_s: Seconds = 0
    loss_factor: Annotated[Decimal, Field(ge=1, le=10)] = Decimal(1)
    max_after_loss_s: Seconds = 0
    anti_churn_s: Seconds = 0

    def limits(self) -> CooldownLimits:
        """The same in domain types."""
        return CooldownLimits(**self.model_dump())


class PortfolioSection(Section):
    """``portfolio``."""

    replace_lower_timeframe: bool = False
    correlation_groups: tuple[tuple[str, ...], ...] = ()
    max_per_group: Annotated[int, Field(ge=0, le=100)] = 1
    correlated_size: Fraction = _OFF
    max_per_base: Annotated[int, Field(ge=0, le=100)] = 0
    max_total_risk_r: Money = _OFF
    max_total_risk_amount: Money = _OFF
    max_symbol_risk_r: dict[str, Money] = Field(default_factory=dict)

    @field_validator("correlation_groups")
    @classmethod
    def _several(cls, groups: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for group in groups:
            if len(set(group)) < 2:
                raise ValueError(
                    f"a group of {', '.join(group) or 'nothing'} correlates with nothing: name two at least"
                )
        # As instruments write them: a group in small letters would be of nothing and switch its rule off unseen.
        return tuple(tuple(base.upper() for base in group) for group in groups)

    @field_validator("max_symbol_risk_r")
    @classmethod
    def _capitals(cls, by_symbol: dict[str, Decimal]) -> dict[str, Decimal]:
        return {symbol.upper(): limit for symbol, limit in by_symbol.items()}

    def limits(self) -> PortfolioLimits:
        """The same in domain types."""
        return PortfolioLimits(**self.model_dump())


class MarketSection(Section):
    """``market``."""

    max_spread_bps: Bps = _OFF
    max_slippage_bps: Bps = _OFF
    min_minutes_to_funding: Annotated[int, Field(ge=0, le=480)] = 0
    max_volatility_pct: Annotated[Decimal, Field(ge=0, le=100)] = _OFF
    news_windows: tuple[str, ...] = ()
    regime: bool = False
    small_regime_size: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.5")

    @field_validator("news_windows")
    @classmethod
    def _times(cls, windows: tuple[str, ...]) -> tuple[str, ...]:
        if unread := [one for one in windows if not _WINDOW.fullmatch(one)]:
            raise ValueError(f"{unread[0]!r} is no stretch of a UTC day; write it like 12:00-12:10")
        return windows

    def limits(self) -> MarketLimits:
        """The same in domain types."""
        windows = tuple(NewsWindow(*map(time.fromisoformat, one.split("-"))) for one in self.news_windows)
        return MarketLimits(**self.model_dump(exclude={"news_windows"}), news_windows=windows)


class OrderSection(Section):
    """``orders``."""

    min_order_value: Money = _OFF
    max_order_value: Money = _OFF
    max_stake: Money = _OFF
    max_account_leverage: Annotated[Decimal, Field(ge=0, le=100)] = _OFF

    @model_validator(mode="after")
    def _least_first(self) -> Self:
        if self.max_order_value and self.min_order_value > self.max_order_value:
            raise ValueError(f"min_order_value {self.min_order_value} must not exceed {self.max_order_value}")
        return self

    def limits(self) -> OrderLimits:
        """The same in domain types."""
        return OrderLimits(**self.model_dump())


class ReconciliationSection(Section):
    """``reconciliation``."""

    # Off, and these two alone: to mend any other kind would take an order that no plan stands behind.
    autofix: tuple[Literal["unknown_order", "missing_position"], ...] = ()

    def limits(self) -> ReconciliationLimits:
        """The same in domain types."""
        return ReconciliationLimits(tuple(DifferenceKind(kind) for kind in self.autofix))


class LagSection(Section):
    """``lag``."""

    plan_s: Annotated[int, Field(ge=0, le=86_400)] = 60
    order_s: Annotated[int, Field(ge=0, le=86_400)] = 120

    def limits(self) -> LagLimits:
        """The same in domain types."""
        return LagLimits(**self.model_dump())


class PauseSection(Section):
    """``pause``."""

    error_rate: Fraction = _OFF
    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    resume_error_rate: Fraction = Decimal("0.2")
    resume_latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 1_000

    @model_validator(mode="after")
    def _resumes_below(self) -> Self:
        # Apart from each other, or an account at its limit would pause and go on by turns.
        if self.error_rate and self.resume_error_rate >= self.error_rate:
            raise ValueError(f"resume_error_rate {self.resume_error_rate} must lie below error_rate {self.error_rate}")
        if self.latency_ms and self.resume_latency_ms >= self.latency_ms:
            raise ValueError(f"resume_latency_ms {self.resume_latency_ms} must lie below latency_ms {self.latency_ms}")
        return self

    def limits(self) -> PauseLimits:
        """The same in domain types."""
        return PauseLimits(**self.model_dump())
