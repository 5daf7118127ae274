"""A trade plan as columns of ``trade_plans``, and back; numbers inside JSON are text, never floats."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import NotRequired, TypedDict

from sqlalchemy import Row

from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.guards import EntryGuards
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderType
from trading_pipeline.domain.model.plans import (
    EntryLevel,
    ExitRules,
    FundingExitRule,
    NextBarRule,
    Opposite,
    Runner,
    SizingInputs,
    Target,
    TradePlan,
    TrailAt,
    TrailRule,
)
from trading_pipeline.domain.model.scoring import Scoring
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe


class _Target(TypedDict):
    r_multiple: str
    fraction: str


class _FundingExit(TypedDict):
    minutes: int
    below_r: str


class _ExitRules(TypedDict):
    break_even_after_targets: int
    strategy_exits: bool
    opposite: str
    max_layers: int
    funding_exit: NotRequired[_FundingExit | None]


class _EntryOrder(TypedDict):
    order_type: str
    timeout_s: int
    partial_timeout_s: int
    max_retries: int
    reprice_bps: str
    market_fallback: bool


class _Level(TypedDict):
    price: str
    share: str
    valid_until: str


class _Scoring(TypedDict):
    signal_quality_score: str
    divergence_strength: str
    confluence_strength: str
    confirmations_hit: list[str]


class _Sizing(TypedDict):
    model: str
    numbers: dict[str, str]
    volatility_pct: str | None


def plan_values(plan: TradePlan) -> dict[str, object]:
    """The columns that a plan fills by itself; status and run are the store's."""
    return {
        "plan_id": plan.plan_id,
        "signal_id": plan.signal_id,
        "strategy": plan.strategy,
        "strategy_version": plan.strategy_version,
        "instrument_id": plan.instrument_id,
        "timeframe": plan.timeframe.value,
        "close_time": plan.close_time,
        "bias": plan.bias.value,
        "entry_price": plan.entry_price,
        "stop_price": plan.stop_price,
        # As a float in between, 0.1 would be another number than the ``Decimal`` that it was decided with.
        "targets": [{"r_multiple": str(one.r_multiple), "fraction": str(one.fraction)} for one in plan.targets],
        "runner": {
            "fraction": str(plan.runner.fraction),
            "atr_multiple": str(plan.runner.atr_multiple),
            "atr_period": plan.runner.atr_period,
            "trail": plan.runner.trail.value,
            "trail_at": plan.runner.trail_at.value,
            "activation": str(plan.runner.activation),
            "offset": str(plan.runner.offset),
        },
        "exit_rules": _exit_rules_values(plan.exit_rules),
        "entry_order": {**asdict(plan.entry_order), "reprice_bps": str(plan.entry_order.reprice_bps)},
        "levels": [_level_values(level) for level in plan.levels],
        "score": plan.score,
        "scoring": None if plan.scoring is None else _scoring_values(plan.scoring),
        "valid_until": plan.valid_until,
        "next_bar_rule": None if plan.next_bar_rule is None else {"momentum": _text(plan.next_bar_rule.momentum)},
        "sizing": None if plan.sizing is None else _sizing_values(plan.sizing),
        "setup_id": plan.setup_id,
        "guards": None if plan.guards is None else {name: str(value) for name, value in asdict(plan.guards).items()},
    }


def plan_of(row: Row[tuple[object, ...]]) -> TradePlan:
    """The plan in a row of ``trade_plans``."""
    targets: list[_Target] = row.targets
    return TradePlan(
        plan_id=row.plan_id,
        signal_id=row.signal_id,
        strategy=row.strategy,
        strategy_version=row.strategy_version,
        instrument_id=InstrumentId(row.instrument_id),
        timeframe=Timeframe(row.timeframe),
        close_time=row.close_time,
        bias=Bias(row.bias),
        entry_price=row.entry_price,
        stop_price=row.stop_price,
        targets=tuple(Target(Decimal(str(one["r_multiple"])), Decimal(str(one["fraction"]))) for one in targets),
        runner=Runner(
            Decimal(str(row.runner["fraction"])),
            Decimal(str(row.runner["atr_multiple"])),
            int(row.runner["atr_period"]),
            # Plans of before a key was written are left as they were made: these are the values that held then.
            TrailRule(row.runner.get("trail", TrailRule.ATR)),
            TrailAt(row.runner.get("trail_at", TrailAt.POSITION)),
            Decimal(str(row.runner.get("activation", "0.01"))),
            Decimal(str(row.runner.get("offset", "0.005"))),
        ),
        score=row.score,
        scoring=None if row.scoring is None else _scoring(row.scoring),
        valid_until=row.valid_until,
        next_bar_rule=None if row.next_bar_rule is None else NextBarRule(_number(row.next_bar_rule["momentum"])),
        sizing=None if row.sizing is None else _sizing(row.sizing),
        setup_id=row.setup_id,
        guards=None if row.guards is None else _guards(row.guards),
        exit_rules=ExitRules() if row.exit_rules is None else _exit_rules(row.exit_rules),
        entry_order=EntryOrder() if row.entry_order is None else _entry_order(row.entry_order),
        levels=tuple(_level(one) for one in row.levels),
    )


def _level_values(level: EntryLevel) -> _Level:
    until = level.valid_until.isoformat()
    return {"price": str(level.price), "share": str(level.share), "valid_until": until}


def _level(stored: _Level) -> EntryLevel:
    until = datetime.fromisoformat(stored["valid_until"])
    return EntryLevel(Decimal(stored["price"]), Decimal(stored["share"]), until)


def _scoring_values(scoring: Scoring) -> _Scoring:
    return {
        "signal_quality_score": str(scoring.signal_quality_score),
        "divergence_strength": str(scoring.divergence_strength),
        "confluence_strength": str(scoring.confluence_strength),
        "confirmations_hit": list(scoring.confirmations_hit),
    }


def _scoring(stored: _Scoring) -> Scoring:
    return Scoring(
        signal_quality_score=Decimal(stored["signal_quality_score"]),
        divergence_strength=Decimal(stored["divergence_strength"]),
        confluence_strength=Decimal(stored["confluence_strength"]),
        confirmations_hit=tuple(stored["confirmations_hit"]),
    )


def _sizing_values(sizing: SizingInputs) -> _Sizing:
    return {
        "model": sizing.model,
        "numbers": {name: str(number) for name, number in sizing.numbers.items()},
        "volatility_pct": _text(sizing.volatility_pct),
    }


def _sizing(stored: _Sizing) -> SizingInputs:
    numbers = {name: Decimal(number) for name, number in stored["numbers"].items()}
    return SizingInputs(stored["model"], numbers, _number(stored["volatility_pct"]))


def _exit_rules_values(rules: ExitRules) -> dict[str, object]:
    funding = rules.funding_exit
    told = None if funding is None else {"minutes": funding.minutes, "below_r": str(funding.below_r)}
    return {**asdict(rules), "funding_exit": told}


def _exit_rules(stored: _ExitRules) -> ExitRules:
    # Rows of before the rule lack the key; to have no such exit is what they were planned with.
    funding = stored.get("funding_exit")
    return ExitRules(
        break_even_after_targets=stored["break_even_after_targets"],
        strategy_exits=stored["strategy_exits"],
        opposite=Opposite(stored["opposite"]),
        max_layers=stored["max_layers"],
        funding_exit=None if funding is None else FundingExitRule(funding["minutes"], Decimal(funding["below_r"])),
    )


def _entry_order(stored: _EntryOrder) -> EntryOrder:
    return EntryOrder(
        order_type=OrderType(stored["order_type"]),
        timeout_s=stored["timeout_s"],
        partial_timeout_s=stored["partial_timeout_s"],
        max_retries=stored["max_retries"],
        reprice_bps=Decimal(stored["reprice_bps"]),
        market_fallback=stored["market_fallback"],
    )


def _guards(stored: dict[str, str]) -> EntryGuards:
    return EntryGuards(
        max_spread_bps=Decimal(stored["max_spread_bps"]),
        min_depth_usdt=Decimal(stored["min_depth_usdt"]),
        max_book_age_s=int(stored["max_book_age_s"]),
        min_minutes_to_funding=int(stored["min_minutes_to_funding"]),
        enter_within_s=int(stored["enter_within_s"]),
    )


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _number(stored: object) -> Decimal | None:
    return None if stored is None else Decimal(str(stored))
