"""Strategies by name.

Modules are imported when their strategy is first asked for, so that a process which runs one
strategy does not load the others.
"""

from importlib import import_module

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.base import Strategy
from trading_pipeline.domain.strategies.parameters import spelling_hint

_PACKAGE = "trading_pipeline.domain.strategies"
_CLASSES = {
    "avi5": ("avi5", "Avi5"),
    "bollinger": ("bollinger", "Bollinger"),
    "bollinger_bands": ("bollinger_bands", "BollingerBands"),
    "dca": ("dca", "Dca"),
    "divergence": ("divergence", "Divergence"),
    "donchian_breakout": ("donchian_breakout", "DonchianBreakout"),
    "ema_atr": ("ema_atr", "EmaAtr"),
    "ema_cross": ("ema_cross", "EmaCross"),
    "fused_score": ("fused_score", "FusedScore"),
    "grid": ("grid", "Grid"),
    "keltner_squeeze": ("keltner_squeeze", "KeltnerSqueeze"),
    "macd": ("macd", "Macd"),
    "managed": ("managed", "Managed"),
    "martingale": ("martingale", "Martingale"),
    "rsi": ("rsi", "Rsi"),
    "rsi_momentum": ("rsi_momentum", "RsiMomentum"),
    "sma_crossover": ("sma_crossover", "SmaCrossover"),
    "stochastic_adx": ("stochastic_adx", "StochasticAdx"),
    "supertrend": ("supertrend", "Supertrend"),
    "vwap_reversion": ("vwap_reversion", "VwapReversion"),
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
