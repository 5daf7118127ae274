"""What a backtest found: trades with their fills, the equity curve, and the outcome of every signal."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.backtest.codes import LegKind, Outcome, Phase
from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.records import Floats, Integers, Records
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias


@dataclass(frozen=True, slots=True)
class Leg:
    """One fill of a trade.

    :param time_ms: UTC; the bar's open or close, and its close for a fill inside the bar.
    :param price: quote currency, slippage included.
    :param fraction: share of the trade's whole entry quantity.
    :param kind: entry, add, or the reason of the exit.
    :param fee: quote currency.
    """

    time_ms: int
    price: float
    fraction: float
    kind: LegKind
    fee: float


@dataclass(frozen=True, slots=True)
class LaneName:
    """Whose trades they are: strategy, instrument and length of the bars in ms."""

    strategy: str
    instrument_id: InstrumentId
    bar_ms: int


@dataclass(frozen=True, slots=True)
class Trade:
    """One position from its first entry to flat. Money is quote currency, quantity base currency.

    :param signal: position of the signal that opened it among the instrument's signals, by bar and in order.
    :param lane: position in ``BacktestResult.lanes``.
    :param entry_bar: position in the lane's own bars; likewise ``exit_bar``.
    :param entry_price: average of the entries, as what is held cost; ``exit_price`` of all exits.
    :param stop_price: the tightest of its entries' own, which R is measured to.
    :param pnl: after fees and funding; ``gross_pnl`` before them.
    :param pnl_r: ``pnl`` in units of the money first at risk, ``gross_pnl_r`` likewise; NaN without a stop.
    :param fees: without funding.
    :param funding: paid is positive.
    :param slippage: what fills were worse than their levels, contained in ``pnl``.
    :param mfe: best unrealised result over the bars held, at the whole quantity, at least 0; ``mae`` the worst.
    """

    lane: int
    instrument_id: InstrumentId
    bias: Bias
    entry_bar: int
    exit_bar: int
    entry_time_ms: int
    exit_time_ms: int
    entry_price: float
    exit_price: float
    stop_price: float
    quantity: float
    layers: int
    pnl: float
    gross_pnl: float
    pnl_r: float
    gross_pnl_r: float
    fees: float
    funding: float
    slippage: float
    mfe: float
    mae: float
    exit_reason: LegKind
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class TradeColumns:
    """All trades as parallel arrays, in the order of their entries; fields as in ``Trade``."""

    lane: Integers
    instrument_id: Integers
    direction: Integers
    entry_bar: Integers
    exit_bar: Integers
    entry_price: Floats
    exit_price: Floats
    quantity: Floats
    pnl: Floats
    gross_pnl: Floats
    pnl_r: Floats
    gross_pnl_r: Floats
    fees: Floats
    funding: Floats
    slippage: Floats
    mfe: Floats
    mae: Floats
    exit_reason: Integers

    def __len__(self) -> int:
        return len(self.pnl)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """A finished run.

    :param instrument_ids: in name order; positions in ``TradeColumns.instrument_id``.
    :param close_ms: every instant at which a bar of some lane closed, UTC ms; ``equity`` is the account at each.
    :param trades: as columns; ``trade_list`` gives objects.
    :param outcomes: what became of each signal, in the order in which they were taken.
    :param lanes: in the order in which they enter at one instant.
    """

    config: BacktestConfig
    instrument_ids: tuple[InstrumentId, ...]
    close_ms: Integers
    equity: Floats
    trades: TradeColumns
    outcomes: Integers
    _memory: "RunMemory"
    lanes: tuple[LaneName, ...]

    def outcome_counts(self) -> dict[str, int]:
        """How many signals met each outcome."""
        counts = Counter(self.outcomes.tolist())
        return {Outcome(code).name.lower(): count for code, count in sorted(counts.items())}

    def outcomes_by_lane(self) -> list[Integers]:
        """What became of each lane's signals, in the order in which they were given."""
        outcomes, memory = self.outcomes, self._memory
        if memory.order is not None:
            outcomes = np.empty_like(outcomes)
            outcomes[memory.order] = self.outcomes
        return list(np.split(outcomes, memory.signals_before[1:-1]))

    def realised_by_wave(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        """Cumulated pnl (quote currency) of the chosen trades at every wave, each counted when it was closed."""
        bars = self._memory.trades["exit_bar"][chosen]
        waves = np.searchsorted(self.close_ms, self._memory.bar_close_ms[bars])
        return np.cumsum(np.bincount(waves, self.trades.pnl[chosen], len(self.close_ms)))

    def trade_list(self) -> tuple[Trade, ...]:
        """Every trade with its fills."""
        rows, legs = self._memory.trades, self._memory.legs
        # Stable, so that the fills of a trade stay in the order in which they happened.
        order = np.argsort(legs["row"], kind="stable")
        legs = legs[order]
        begin = np.searchsorted(legs["row"], rows["row"], side="left")
        end = np.searchsorted(legs["row"], rows["row"], side="right")
        return tuple(self._trade(i, rows[i], legs[begin[i] : end[i]]) for i in range(len(rows)))

    def _trade(self, index: int, row: np.void, legs: Records) -> Trade:
        columns = self.trades
        fills = tuple(self._leg(leg, float(row["filled"])) for leg in legs)
        return Trade(
            lane=int(row["lane"]),
            instrument_id=self.lanes[int(row["lane"])].instrument_id,
            bias=Bias.LONG if row["direction"] > 0 else Bias.SHORT,
            entry_bar=int(columns.entry_bar[index]),
            exit_bar=int(columns.exit_bar[index]),
            entry_time_ms=fills[0].time_ms,
            exit_time_ms=fills[-1].time_ms,
            entry_price=float(row["entry_price"]),
            exit_price=float(row["exit_price"]),
            stop_price=float(row["initial_stop"]),
            quantity=float(row["filled"]),
            layers=int(row["layers"]),
            pnl=float(columns.pnl[index]),
            gross_pnl=float(columns.gross_pnl[index]),
            pnl_r=float(columns.pnl_r[index]),
            gross_pnl_r=float(columns.gross_pnl_r[index]),
            fees=float(row["fees"]),
            funding=float(row["funding"]),
            slippage=float(row["slipped"]),
            mfe=float(row["mfe"]),
            mae=float(row["mae"]),
            exit_reason=LegKind(int(row["exit_kind"])),
            legs=fills,
        )

    def _leg(self, leg: np.void, filled: float) -> Leg:
        times = self._memory.open_ms if leg["phase"] == Phase.OPEN else self._memory.bar_close_ms
        return Leg(
            time_ms=int(times[leg["bar"]]),
            price=float(leg["price"]),
            fraction=abs(float(leg["quantity"])) / filled,
            kind=LegKind(int(leg["kind"])),
            fee=float(leg["fee"]),
        )


@dataclass(frozen=True, slots=True)
class RunMemory:
    """What the compiled loop left behind, kept to build objects on demand.

    :param trades: in the order of the signals that opened them.
    :param open_ms: times of the flat bars of all paths, which ``legs`` count by; ``bar_close_ms`` likewise.
    :param order: the signal, counted through all lanes, that each outcome is about; ``None`` for as given.
    :param signals_before: how many signals the lanes before each one have, and all.
    """

    trades: Records
    legs: Records
    open_ms: Integers
    bar_close_ms: Integers
    order: Integers | None
    signals_before: Integers
