"""What a strategy is: one object that the asset, the backtest and the optimiser all run."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar, Self

from trading_pipeline.domain.model.calibrations import HourlyTheta
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.scoring import Scoring
from trading_pipeline.domain.model.setups import Setup
from trading_pipeline.domain.model.signals import Details, Signal
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.parameters import Parameters
from trading_pipeline.domain.strategies.framework.trade_rules import TradeRules

if TYPE_CHECKING:
    import pandas as pd

SIGNAL_COLUMNS = ("bar_index", "bias", "entry_price", "stop_price", "score", "details")
EXIT_COLUMNS = ("bar_index", "bias")


class Strategy(ABC):
    """A pure function from closed bars to signals, with a name and frozen parameters.

    ``signals`` gets the bars of one instrument and timeframe, oldest first, with the columns of
    ``BAR_COLUMNS``, and may not use a row to decide about an earlier one.

    ``tells_momentum``: signals carry the MACD histogram (12, 26, 9) of their bar as ``histogram`` among
    their details, which the next-bar exit compares with.
    """

    name: ClassVar[str]
    tells_momentum: ClassVar[bool] = False
    parameters: Parameters

    @property
    def higher_timeframes(self) -> tuple[Timeframe, ...]:
        """Timeframes whose ``context`` it wants beside its bars; only those longer than its bars are joined."""
        return ()

    def context(self, bars: "pd.DataFrame") -> "pd.DataFrame":
        """Values of one higher timeframe that the strategy wants to know: float columns, one row per bar of it.

        Each value comes from its own bar and earlier ones. Beside the bars that ``signals`` gets, a column
        ``x`` of 4h bars is named ``x_4h`` and holds what was known at the close of each bar, NaN where
        nothing was; it is absent where nobody looked (``higher_timeframes.py``).
        """
        # Here, as in ``exits``: who only lists strategies and their parameters is spared the 90 MB of pandas.
        import pandas as pd

        return pd.DataFrame(index=bars.index)

    @property
    @abstractmethod
    def warmup_bars(self) -> int:
        """Bars needed before the first signal can appear."""

    @property
    def needs_book(self) -> bool:
        """Whether ``signals`` wants ``BOOK_COLUMNS``: the feed then samples the book at every close it decides at."""
        return False

    def require_warmup(self, bars: "pd.DataFrame") -> None:
        """Refuse bars among which there can be no signal; ``signals`` itself just finds none there.

        :raises DataError: fewer bars than ``warmup_bars``.
        """
        if len(bars) < self.warmup_bars:
            raise DataError(
                f"{len(bars)} bars: {self.name} needs {self.warmup_bars} before its first signal; give it earlier bars"
            )

    @abstractmethod
    def signals(self, bars: "pd.DataFrame") -> "pd.DataFrame":
        """One row per signal, oldest first.

        Columns: ``bar_index`` position in ``bars``, ``bias`` ``long`` or ``short``, ``entry_price``
        and ``stop_price`` in quote currency, ``score`` 0 to 100, ``details`` a JSON-ready mapping.
        """

    def exits(self, bars: "pd.DataFrame") -> "pd.DataFrame":  # noqa: ARG002 - the default has no exits of its own
        """One row per bar at whose close the strategy itself wants a position gone, oldest first.

        Columns: ``bar_index`` position in ``bars``, ``bias`` of the position to close. Empty for a
        strategy that leaves exits to the plan's stop, targets and runner.
        """
        import pandas as pd

        return pd.DataFrame(columns=list(EXIT_COLUMNS))

    def scoring(self, details: Details) -> Scoring | None:  # noqa: ARG002 - the default has one number only
        """The parts of a signal's score, from its details; ``None`` where the score is all there is."""
        return None

    def setup(self, signal: Signal, close_times: "pd.DatetimeIndex") -> Setup | None:  # noqa: ARG002
        """The structure behind one of its signals, which is stored beside it; ``None`` where it sees none.

        :param close_times: of the bars the signal was found in.
        """
        return None

    def setup_id(self, signal: Signal) -> str | None:  # noqa: ARG002
        """The id of that structure, which a plan leads back to."""
        return None

    def calibrated(self, hours: Sequence[HourlyTheta]) -> Self:  # noqa: ARG002 - the default learns nothing
        """The same strategy with what a calibration has found."""
        return self

    def uncalibrated(self) -> Self | None:
        """The same strategy with every trigger a calibration may choose among; ``None`` where none is made."""
        return None

    @property
    def trade_rules(self) -> TradeRules:
        """How its trades were specified; the live lifecycle where a strategy says nothing."""
        return TradeRules()

    @property
    def version(self) -> str:
        """Twelve hex digits that change when the name or any parameter changes."""
        # Sorted keys: the order in which parameters are written down does not make another strategy.
        text = json.dumps([self.name, asdict(self.parameters)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
