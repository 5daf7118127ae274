"""Names of a divergence decision and its parts, as other systems that speak this strategy derive them.

Inside this project a signal's id is ``decision_key``, which also carries the strategy's name; these
keys leave the strategy out and serve exchange with records written elsewhere.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms


@dataclass(frozen=True, slots=True)
class DivergenceIds:
    """All ids of one decision.

    :param key: 64 hex digits, the same for the same instrument, timeframe, close and bias.
    :param pivot_ids: of the three pivots, oldest first.
    """

    key: str
    plan_id: str
    setup_id: str
    trigger_id: str
    pivot_ids: tuple[str, str, str]

    @classmethod
    def of(cls, instrument_id: InstrumentId, timeframe: Timeframe, close_time: datetime, bias: Bias) -> Self:
        """Derive the ids from the symbol without its venue and the last millisecond inside the bar."""
        # Bare symbol and the venue's way to write a close: both are what other systems hash.
        text = f"{instrument_id.symbol}|{timeframe}|{to_ms(close_time) - 1}|{bias.upper()}"
        key = hashlib.sha256(text.encode()).hexdigest()
        setup = f"setup_{key[:20]}"
        return cls(key, key[:24], setup, f"trg_{key[-20:]}", (f"{setup}:1", f"{setup}:2", f"{setup}:3"))
