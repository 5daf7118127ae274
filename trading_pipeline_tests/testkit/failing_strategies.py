"""Strategies that do anything but answer."""

import time
from dataclasses import dataclass

import pandas as pd

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.opinions.ema_atr import EmaAtr


@dataclass(frozen=True)
class Raising(EmaAtr):
    """Divides by zero."""

    def signals(self, bars: pd.DataFrame) -> pd.DataFrame:
        """:raises ZeroDivisionError: always."""
        raise ZeroDivisionError(f"over {len(bars)} bars")


@dataclass(frozen=True)
class Endless(EmaAtr):
    """Needs a minute."""

    def signals(self, bars: pd.DataFrame) -> pd.DataFrame:
        """Sleep, and answer."""
        time.sleep(60)
        return super().signals(bars)


@dataclass(frozen=True)
class Misconfigured(EmaAtr):
    """Finds its own parameters wrong when it is asked."""

    def signals(self, bars: pd.DataFrame) -> pd.DataFrame:
        """:raises ConfigurationError: always."""
        raise ConfigurationError(f"cannot decide over {len(bars)} bars")
