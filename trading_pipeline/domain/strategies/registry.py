"""Strategies by name.

Modules are imported when their strategy is first asked for, so that a process which runs one
strategy does not load the others.
"""

from importlib import import_module

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.parameters import spelling_hint

_PACKAGE = "trading_pipeline.domain.strategies"
# Names are stored with signals, plans and runs: a strategy that is renamed loses its history.
_CLASSES = {
    "avi5": ("avi5.avi5", "Avi5"),
    "bollinger": ("opinions.bollinger", "Bollinger"),
    "bollinger_bands": ("opinions.bollinger_bands", "BollingerBands"),
    "dca": ("layered.dca", "Dca"),
    "divergence": ("divergence.divergence", "Divergence"),
    "donchian_breakout": ("opinions.donchian_breakout", "DonchianBreakout"),
    "ema_atr": ("opinions.ema_atr", "EmaAtr"),
    "ema_cross": ("opinions.ema_cross", "EmaCross"),
    "fused_score": ("fused_score.fused_score", "FusedScore"),
    "grid": ("layered.grid", "Grid"),
    "keltner_squeeze": ("opinions.keltner_squeeze", "KeltnerSqueeze"),
    "macd": ("opinions.macd", "Macd"),
    "managed": ("opinions.managed", "Managed"),
    "martingale": ("layered.martingale", "Martingale"),
    "rsi": ("opinions.rsi", "Rsi"),
    "rsi_momentum": ("opinions.rsi_momentum", "RsiMomentum"),
    "sma_crossover": ("opinions.sma_crossover", "SmaCrossover"),
    "stochastic_adx": ("opinions.stochastic_adx", "StochasticAdx"),
    "supertrend": ("opinions.supertrend", "Supertrend"),
    "vwap_reversion": ("opinions.vwap_reversion", "VwapReversion"),
}


def strategy_names() -> list[str]:
    """Names of all strategies that come with the project, sorted."""
    return sorted(_CLASSES)


def strategy_class(name: str) -> type[Strategy]:
    """The class behind a name.

    :raises ConfigurationError: no such strategy; the nearest name is given.
    """
    if name not in _CLASSES:
        raise ConfigurationError(f"unknown strategy {name!r}{spelling_hint(name, strategy_names())}")
    module, attribute = _CLASSES[name]
    found: type[Strategy] = getattr(import_module(f"{_PACKAGE}.{module}"), attribute)
    return found


def strategy_named(name: str, parameters: dict[str, object]) -> Strategy:
    """A strategy with its parameters; those not given keep their defaults.

    :raises ConfigurationError: unknown strategy or parameter (nearest spelling given), value out of range.
    """
    return configured(strategy_class(name), parameters)


def configured(kind: type[Strategy], parameters: dict[str, object]) -> Strategy:
    """An instance of ``kind`` with typed parameters built from a mapping.

    :raises ConfigurationError: see ``Parameters.of``.
    """
    default = kind()
    values = type(default.parameters).of(parameters)
    return kind(parameters=values)  # type: ignore[call-arg]
