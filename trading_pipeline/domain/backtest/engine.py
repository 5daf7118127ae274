"""Running a backtest."""

from collections.abc import Mapping, Sequence

import numpy as np

from trading_pipeline.domain.backtest.codes import OrderKind, Unit
from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.kernel import simulate
from trading_pipeline.domain.backtest.lanes import Lane, in_order, refuse_conflicts
from trading_pipeline.domain.backtest.layout import (
    Layout,
    ends,
    entries_of,
    market_of,
    positions_of,
    refuse_unknown_closes,
)
from trading_pipeline.domain.backtest.ledger import check_ledger
from trading_pipeline.domain.backtest.records import Book, Integers, Market, Records, new_book
from trading_pipeline.domain.backtest.results import BacktestResult, LaneName, RunMemory, TradeColumns
from trading_pipeline.domain.backtest.soundness import refuse_unsound
from trading_pipeline.domain.backtest.translate import SymbolInput, rules_of
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.strategies.framework.arrays import BarArrays


def run_backtest(config: BacktestConfig, inputs: Mapping[InstrumentId, SymbolInput]) -> BacktestResult:
    """Trade the signals of all instruments with one account and prove that the money adds up.

    Instruments are taken in name order, so the order of ``inputs`` does not matter.

    :raises ConfigurationError: a rule lacks the data it needs.
    :raises DataError: bars or signals that cannot be traded.
    :raises BrokenLedger: the engine contradicts itself.
    """
    lanes = [Lane("", instrument_id, config, one) for instrument_id, one in sorted(inputs.items())]
    return _run(
        lanes, {instrument_id: one.fine_bars for instrument_id, one in inputs.items() if one.fine_bars is not None}
    )


def run_account(lanes: Sequence[Lane], path: Mapping[InstrumentId, BarArrays]) -> BacktestResult:
    """Trade several strategies, instruments and timeframes with one account; ``docs/lifecycle.md`` says how.

    :param lanes: in any order; ``in_order`` says in which they enter at one instant.
    :param path: by instrument, finer bars that prices are walked along; an instrument may lack them.
    :raises ConfigurationError: rules that contradict each other, or lack the data they need.
    :raises DataError: bars or signals that cannot be traded.
    :raises BrokenLedger: the engine contradicts itself.
    """
    for lane in lanes:
        if lane.given.fine_bars is not None:
            raise ConfigurationError(
                f"{lane.label}: finer bars are an instrument's, not a strategy's; give them as path"
            )
    if strangers := sorted(set(path) - {lane.instrument_id for lane in lanes}):
        raise ConfigurationError(f"a path for {strangers[0]}, which nothing trades; leave it out")
    return _run(lanes, path)


def _run(lanes: Sequence[Lane], path: Mapping[InstrumentId, BarArrays]) -> BacktestResult:
    """Check, lay out, simulate, prove."""
    if not lanes:
        raise ConfigurationError("a backtest without instruments: give at least one")
    for instrument_id, fine in path.items():
        refuse_unsound(f"{instrument_id} (finer bars)", fine)
    for lane in lanes:
        _refuse_unusable(lane)
    # From here on a lane's number is its turn: at one instant lower numbers enter first.
    lanes = in_order(lanes)
    refuse_conflicts(lanes)
    layout = Layout.of(lanes, path)
    refuse_unknown_closes(layout)
    market = market_of(layout)
    rules = rules_of([lane.config for lane in lanes])
    entries, order = entries_of(layout, market)
    book = new_book(positions_of(layout), len(market.close_ms), entries, rules)
    simulate(market, rules, book)
    check_ledger(market, book, lanes[0].config.initial_capital)
    return _result(layout, market, book, order)


def _refuse_unusable(lane: Lane) -> None:
    """Refuse what would be ignored or make no sense, before anything is computed."""
    config, one = lane.config, lane.given
    if len(one.bars) < 2:
        raise DataError(f"{lane.label} has {len(one.bars)} bars: a trade needs two")
    refuse_unsound(lane.instrument_id, one.bars)
    if one.momentum is not None and not config.exits.next_bar_exit:
        raise ConfigurationError(f"{lane.label} has a momentum series that no rule reads: set next_bar_exit")
    stopless = np.isnan(one.signals.stop_price) & (one.signals.kinds() != OrderKind.EXIT)
    if config.exits.stop_fraction is not None or not stopless.any():
        return
    unsized = stopless if one.signals.quantity is None else stopless & np.isnan(one.signals.quantity)
    if config.limits.risk_per_trade is not None and unsized.any():
        raise ConfigurationError(f"{lane.label} has signals without a stop: sizing by risk needs one, or stop_fraction")
    if config.exits.targets and config.exits.target_unit == Unit.R:
        raise ConfigurationError(f"{lane.label} has signals without a stop: targets in R need one, or stop_fraction")


def _result(layout: Layout, market: Market, book: Book, order: Integers | None) -> BacktestResult:
    """Columns from the loop's memory."""
    rows = book.trades[: book.account[0]["trades"]]
    if np.any(np.diff(rows["row"]) < 0):  # orders that rested fill in another order than they were decided in
        rows = rows[np.argsort(rows["row"])]
    # An infinite stop stands for none: such a trade risked nothing that R could count.
    risk = np.where(np.isfinite(rows["risk"]) & (rows["risk"] > 0.0), rows["risk"], np.nan)
    columns = TradeColumns(
        lane=rows["lane"],
        instrument_id=np.array([layout.instrument_ids.index(lane.instrument_id) for lane in layout.lanes])[
            rows["lane"]
        ],
        direction=rows["direction"],
        entry_bar=_own_bars(layout, rows, "entry_bar"),
        exit_bar=_own_bars(layout, rows, "exit_bar"),
        entry_price=rows["entry_price"],
        exit_price=rows["exit_price"],
        quantity=rows["filled"],
        pnl=rows["gross"] - rows["fees"] - rows["funding"],
        gross_pnl=rows["gross"],
        pnl_r=(rows["gross"] - rows["fees"] - rows["funding"]) / risk,
        gross_pnl_r=rows["gross"] / risk,
        fees=rows["fees"],
        funding=rows["funding"],
        slippage=rows["slipped"],
        mfe=rows["mfe"],
        mae=rows["mae"],
        exit_reason=rows["exit_kind"],
    )
    closes = [one.close_time_ms for one in layout.paths]
    bar_close_ms = closes[0] if len(closes) == 1 else np.concatenate(closes)
    legs = book.legs[: book.account[0]["legs"]]
    before = ends([len(lane.given.signals) for lane in layout.lanes])
    memory = RunMemory(rows, legs, market.open_ms, bar_close_ms, order, before)
    # Finer bars have closes at which no lane decides; the curve is told at the closes that the run is about.
    waves = layout.waves(market)
    kept = slice(None) if waves is None else waves
    names = tuple(LaneName(lane.strategy, lane.instrument_id, lane.bar_ms) for lane in layout.lanes)
    return BacktestResult(
        layout.lanes[0].config,
        layout.instrument_ids,
        market.close_ms[kept],
        book.equity[kept],
        columns,
        book.entries["outcome"],
        memory,
        names,
    )


def _own_bars(layout: Layout, rows: Records, name: str) -> Integers:
    """A trade's bar as a position in the bars of its lane."""
    if len(layout.lanes) == 1:
        return layout.own_bars(0, rows[name])
    found = np.empty(len(rows), np.int64)
    for number in range(len(layout.lanes)):
        mine = rows["lane"] == number
        found[mine] = layout.own_bars(number, rows[name][mine])
    return found
