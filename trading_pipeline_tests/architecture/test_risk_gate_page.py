"""The table of rules in ``docs/risk_gate.md`` is what the gate asks and what the profiles say."""

import shutil
from operator import attrgetter
from pathlib import Path

import pytest

from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.risk.rules.base import Rule
from trading_pipeline.domain.risk.rules.catalog import ENTRY_RULES, SIZE_RULES
from trading_pipeline.domain.risk.rules.market_rules import GuardRule
from trading_pipeline_tests.architecture.source_tree import ROOT

PAGE = ROOT / "docs" / "risk_gate.md"
PROFILES = ("conservative", "balanced", "aggressive")
HEAD = "| rule | what has to hold | limit | shipped | conservative | balanced | aggressive | backtests ask it |"
BETWEEN = "|---|---|---|---|---|---|---|---|"


@pytest.fixture
def columns(tmp_path: Path) -> list[RiskLimits]:
    """The shipped limits and those of each profile alone."""
    shutil.copytree(ROOT / "config" / "risk", tmp_path / "risk")
    found = [load_risk(ROOT / "config")]
    for name in PROFILES:
        (tmp_path / "risk.yaml").write_text(f"profile: {name}\n")
        found.append(load_risk(tmp_path))
    return found


def row(rule: Rule, columns: list[RiskLimits]) -> str:
    holds = (type(rule).__doc__ or "").splitlines()[0].replace("``", "`")
    limit, shown = "", ["always"] * len(columns)
    if isinstance(rule, GuardRule):
        limit, shown = "`guards` of the strategy", ["where given"] * len(columns)
    elif rule.key:
        limit, shown = f"`{rule.key}`", [_shown(rule.key, limits) for limits in columns]
    return f"| {' | '.join([f'`{rule.name}`', holds, limit, *shown, 'yes' if rule.backtested else ''])} |"


def _shown(key: str, limits: RiskLimits) -> str:
    value = attrgetter(key)(limits)
    if not value:
        return "off"
    return "on" if value is True or isinstance(value, tuple | dict) else f"{value}"


def test_the_page_lists_every_rule_in_the_order_it_is_asked(columns: list[RiskLimits]) -> None:
    rules: tuple[Rule, ...] = (*ENTRY_RULES, *SIZE_RULES)
    table = "\n".join([HEAD, BETWEEN, *(row(rule, columns) for rule in rules)])
    assert table in PAGE.read_text(), f"docs/risk_gate.md needs this table:\n{table}"
