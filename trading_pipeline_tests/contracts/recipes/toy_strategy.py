"""Up bars are bought, down bars are sold."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.indicators.windows import shifted
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.opinions.opinion_strategy import (
    Opinions,
    OpinionStrategy,
    StopParameters,
    form_opinions,
)


@dataclass(frozen=True)
class Weathercock(OpinionStrategy):
    """Points where the last bar went."""

    name: ClassVar[str] = "weathercock"
    parameters: StopParameters = field(default_factory=StopParameters)

    @property
    def warmup_bars(self) -> int:
        """The ATR on two bars."""
        return self.parameters.atr_period + 2

    def opinions(self, bars: BarArrays) -> Opinions:
        """The direction of the last step."""
        step = bars.close - shifted(bars.close)
        return form_opinions({"first_bar": np.isnan(step)}, step > 0, step < 0, "no_step", 0.5, {"step": step})
