"""What a strategy is: one object that the asset, the backtest and the optimiser all run."""

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import ClassVar, Self

import pandas as pd

from trading_pipeline.domain.model.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Parameters:
    """Base of a strategy's typed parameters; fields carry their range in ``metadata``.

    A subclass is a frozen dataclass whose fields are made with ``ranged``.
    """

    def __post_init__(self) -> None:
        for spec in fields(self):
            low, high = spec.metadata["range"]
            value = getattr(self, spec.name)
            if not low <= value <= high:
                raise ConfigurationError(f"{spec.name} = {value}: must lie between {low} and {high}")

    @classmethod
    def of(cls, values: dict[str, object]) -> Self:
        """Build from a mapping, refusing names that are not parameters.

        :raises ConfigurationError: a name is unknown (the nearest one is given) or a value is out of range.
        """
        known = [spec.name for spec in fields(cls)]
        for name in values:
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
                raise ConfigurationError(f"unknown parameter {name!r}{hint}")
        return cls(**values)


class Strategy(ABC):
    """A pure function from closed bars to signals, with a name and frozen parameters.

    ``signals`` gets the bars of one symbol and timeframe, oldest first, with the columns of
    ``BAR_COLUMNS``, and may not use a row to decide about an earlier one.
    """

    name: ClassVar[str]
    parameters: Parameters

    @property
    @abstractmethod
    def warmup_bars(self) -> int:
        """Bars needed before the first signal can appear."""

    @abstractmethod
    def signals(self, bars: pd.DataFrame) -> pd.DataFrame:
        """One row per signal, oldest first.

        Columns: ``bar_index`` position in ``bars``, ``bias`` ``long`` or ``short``, ``entry_price``
        and ``stop_price`` in quote currency, ``score`` 0 to 100, ``details`` a JSON-ready mapping.
        """

    @property
    def version(self) -> str:
        """Twelve hex digits that change when the name or any parameter changes."""
        text = json.dumps([self.name, asdict(self.parameters)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
