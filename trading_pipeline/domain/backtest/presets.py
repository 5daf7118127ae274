"""Named conventions: how this system trades, and how other tools take a backtest to be.

A preset is a set of changes to the rules of the live lifecycle. Everything it does not name stays as it is live.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum

from trading_pipeline.domain.backtest.codes import Opposite, Timing
from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.intrabar_paths import IntrabarPath
from trading_pipeline.domain.strategies.framework.parameters import spelling_hint

LIVE = "live"

PRESETS: Mapping[str, Mapping[str, object]] = {
    LIVE: {},
    "research": {
        "timing": Timing.NEXT_OPEN,
        "path": IntrabarPath.NEAREST_EXTREME,
        "max_daily_loss": None,
        "cooldown_bars": 0,
    },
    "freqtrade": {
        "timing": Timing.NEXT_OPEN,
        "path": IntrabarPath.CONSERVATIVE,
        "move_stop_at_close": True,
        "max_daily_loss": None,
        "cooldown_bars": 0,
    },
    "backtesting.py": {
        "timing": Timing.NEXT_OPEN,
        "path": IntrabarPath.CONSERVATIVE,
        "opposite": Opposite.CLOSE,
        "maker_fee_bps": 0.0,
        "taker_fee_bps": 0.0,
        "slippage_bps": 0.0,
        "funding_rate": 0.0,
        "risk_per_trade": None,
        "amount": None,
        "cash_fraction": 1.0,
        "max_leverage": 1.0,
        "max_daily_loss": None,
        "cooldown_bars": 0,
    },
}
"""``research``: signals judged at the next open, the nearer extreme first, without the account's brakes. ``freqtrade``:
entries and signal exits at the next open, the worse of two levels in one candle, stops that move when candles close
(https://www.freqtrade.io/en/stable/backtesting/). ``backtesting.py``: its defaults, all cash in one trade and no costs
(https://kernc.github.io/backtesting.py/doc/backtesting/backtesting.html)."""


@dataclass(frozen=True, slots=True)
class RulesUsed:
    """Under which rules a run was made, for the first line of its report.

    :param preset: a name of ``PRESETS``.
    :param differs: rules and parameters that are not the live ones, each with both values.
    :param assumed: what the live system knows and the run's input did not say.
    """

    preset: str = LIVE
    differs: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    def line(self) -> str:
        """One sentence."""
        differs = f"differs from live in {'; '.join(self.differs)}" if self.differs else "as live"
        assumed = f". Assumed: {'; '.join(self.assumed)}" if self.assumed else ""
        return f"rules {self.preset}: {differs}{assumed}"


def preset_named(name: str) -> Mapping[str, object]:
    """The changes that a preset makes to the live rules.

    :raises ConfigurationError: no preset has that name.
    """
    if name not in PRESETS:
        raise ConfigurationError(f"--rules {name}{spelling_hint(name, list(PRESETS))}")
    return PRESETS[name]


def refuse_contradiction(name: str, given: Mapping[str, object], live: BacktestConfig) -> None:
    """A rule that is given has to say what the preset says of it; ``live`` says something of every rule.

    :param given: rules that were given beside the preset's name.
    :param live: the rules of the configuration.
    :raises ConfigurationError: with the rule and both values.
    """
    # The live preset changes nothing, so that what it says of a rule stands in the configuration.
    said = flat(live) if name == LIVE else preset_named(name)
    for rule, value in given.items():
        if rule in said and said[rule] != value:
            raise ConfigurationError(
                f"--rules {name} says {rule} = {shown(said[rule])}, --param says {shown(value)}: leave one of them out"
            )


def differences(config: BacktestConfig, live: BacktestConfig) -> list[str]:
    """Where rules are not those of the live lifecycle, each with both values."""
    mine, theirs = flat(config), flat(live)
    return [
        f"{name} {shown(value)} (live: {shown(theirs[name])})" for name, value in mine.items() if value != theirs[name]
    ]


def flat(config: BacktestConfig) -> dict[str, object]:
    """Every rule by its name, without the part it belongs to."""
    parts = (config.execution, config.costs, config.limits, config.exits)
    return {"initial_capital": config.initial_capital} | {
        spec.name: getattr(part, spec.name) for part in parts for spec in fields(part)
    }


def shown(value: object) -> str:
    """A rule's value in the words of ``--param``."""
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, Enum):
        return value.name.lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
