"""What is kept of a finished backtest.

Numbers are float64, because they come from the engine's arrays; nothing is traded by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias, Details


@dataclass(frozen=True, slots=True)
class LegRecord:
    """One fill of a trade.

    :param price: quote currency, slippage included.
    :param fraction: share of the trade's whole entry quantity.
    :param kind: ``entry``, ``add`` or the reason of the exit, e.g. ``take_profit``.
    """

    time: datetime
    price: float
    fraction: float
    kind: str


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """One position from its first entry to flat; money in USDT (the quote currency), UTC times.

    :param pnl_usdt: after fees and funding.
    :param pnl_r: ``pnl_usdt`` in units of the money first at risk; ``None`` without a stop.
    :param gross_pnl_r: before fees and funding, likewise.
    :param fees_usdt: without funding.
    :param funding_usdt: paid is positive.
    :param legs: the exits, whose fractions add up to 1.
    :param entries: the fills that built the position; empty where only a document was read.
    :param targets: where take profits were placed, nearest first; empty where that was not kept.
    :param mfe_usdt: best unrealised result while open, ``mae_usdt`` the worst.
    """

    instrument_id: InstrumentId
    side: Bias
    entry_time: datetime
    entry_price: float
    exit_time: datetime
    exit_price: float
    quantity: float
    pnl_usdt: float
    pnl_r: float | None
    gross_pnl_r: float | None
    fees_usdt: float
    funding_usdt: float
    exit_reason: str
    legs: tuple[LegRecord, ...]
    entries: tuple[LegRecord, ...] = ()
    stop_price: float | None = None
    mfe_usdt: float | None = None
    mae_usdt: float | None = None
    targets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """The account at every closing instant: UTC milliseconds, quote currency."""

    close_ms: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]


NO_CURVE = EquityCurve(np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One finished backtest.

    :param run_id: equal for equal bars, rules and code, unless the user gave a name.
    :param params: everything the run depended on, JSON-ready.
    :param metrics: figures by name; ``None`` where one has no value.
    """

    run_id: str
    params: Details
    metrics: Mapping[str, float | None]
    trades: tuple[TradeRecord, ...]
    # Arrays answer == element by element, which a comparison of records cannot take for yes or no.
    curve: EquityCurve = field(default=NO_CURVE, compare=False)

    @property
    def rules(self) -> str:
        """Under which rules it was made, in one line; ``rules: not told`` for a run stored before rules had names."""
        rules = self.params.get("rules")
        return str(rules["line"]) if isinstance(rules, Mapping) else "rules: not told"

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that its reader has to know about bars, funding and finer bars; empty where a run carries none."""
        notes = self.params.get("notes")
        return tuple(map(str, notes)) if isinstance(notes, list | tuple) else ()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of a list of runs; ``written_at`` is wall time, UTC."""

    run_id: str
    strategy: str
    instrument_ids: tuple[InstrumentId, ...]
    timeframe: str
    trades: int
    written_at: datetime
