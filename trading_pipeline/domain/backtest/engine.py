"""Running a backtest."""

from collections.abc import Mapping

import numpy as np

from trading_pipeline.domain.backtest.codes import OrderKind, Unit
from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.kernel import simulate
from trading_pipeline.domain.backtest.ledger import check_ledger
from trading_pipeline.domain.backtest.records import ENTRY, Book, Market, new_book
from trading_pipeline.domain.backtest.results import BacktestResult, RunMemory, TradeColumns
from trading_pipeline.domain.backtest.soundness import refuse_unsound
from trading_pipeline.domain.backtest.translate import (
    SymbolInput,
    calm_of,
    entries_of,
    market_of,
    rules_of,
    steps_into,
)
from trading_pipeline.domain.model.errors import ConfigurationError, DataError


def run_backtest(config: BacktestConfig, inputs: Mapping[str, SymbolInput]) -> BacktestResult:
    """Trade the signals of all symbols with one account and prove that the money adds up.

    Symbols are taken in name order, so the order of ``inputs`` does not matter.

    :raises ConfigurationError: a rule lacks the data it needs.
    :raises DataError: bars or signals that cannot be traded.
    :raises BrokenLedger: the engine contradicts itself.
    """
    symbols = tuple(sorted(inputs))
    ordered = [inputs[symbol] for symbol in symbols]
    _refuse_unusable(config, dict(zip(symbols, ordered, strict=True)))
    market = market_of(ordered, config)
    rules = rules_of(config)
    entries = entries_of(ordered, market.first, market.wave)
    if config.limits.volatility is not None:
        entries["share"] *= calm_of([one.bars for one in ordered], config.limits.volatility)[entries["bar"]]
    book = new_book(market.first, len(market.close_ms), entries, rules)
    steps_into(book, ordered)
    simulate(market, rules, book)
    check_ledger(market, book, config.initial_capital)
    opens = [one.bars.open_time_ms for one in ordered]
    closes = [one.bars.close_time_ms for one in ordered]
    times = (opens[0], closes[0]) if len(ordered) == 1 else (np.concatenate(opens), np.concatenate(closes))
    return _result(config, symbols, market, book, times)


def _refuse_unusable(config: BacktestConfig, inputs: Mapping[str, SymbolInput]) -> None:
    """Refuse what would be ignored or make no sense, before anything is computed."""
    if not inputs:
        raise ConfigurationError("a backtest without symbols: give at least one")
    for symbol, one in inputs.items():
        if len(one.bars) < 2:
            raise DataError(f"{symbol} has {len(one.bars)} bars: a trade needs two")
        refuse_unsound(symbol, one.bars)
        if one.fine_bars is not None:
            refuse_unsound(f"{symbol} (finer bars)", one.fine_bars)
        if one.momentum is not None and not config.exits.next_bar_exit:
            raise ConfigurationError(f"{symbol} has a momentum series that no rule reads: set next_bar_exit")
        stopless = np.isnan(one.signals.stop_price) & (one.signals.kinds() != OrderKind.EXIT)
        if config.exits.stop_fraction is not None or not stopless.any():
            continue
        unsized = stopless if one.signals.quantity is None else stopless & np.isnan(one.signals.quantity)
        if config.limits.risk_per_trade is not None and unsized.any():
            raise ConfigurationError(f"{symbol} has signals without a stop: sizing by risk needs one, or stop_fraction")
        if config.exits.targets and config.exits.target_unit == Unit.R:
            raise ConfigurationError(f"{symbol} has signals without a stop: targets in R need one, or stop_fraction")


def _result(
    config: BacktestConfig, symbols: tuple[str, ...], market: Market, book: Book, times: tuple[np.ndarray, np.ndarray]
) -> BacktestResult:
    """Columns from the loop's memory."""
    trade_rows = np.flatnonzero(book.entries["layers"] > 0)
    # As raw bytes: numpy would pick records apart field by field.
    rows = book.entries.view(f"V{ENTRY.itemsize}")[trade_rows].view(ENTRY)
    first = market.first[rows["symbol"]]
    risk = np.where(np.isfinite(rows["risk"]) & (rows["risk"] > 0.0), rows["risk"], np.nan)
    columns = TradeColumns(
        symbol=rows["symbol"],
        direction=rows["direction"],
        entry_bar=rows["entry_bar"] - first,
        exit_bar=rows["exit_bar"] - first,
        entry_price=rows["entry_price"],
        exit_price=rows["exit_price"],
        quantity=rows["filled"],
        pnl=rows["gross"] - rows["fees"] - rows["funding"],
        pnl_r=rows["gross"] / risk,
        fees=rows["fees"],
        funding=rows["funding"],
        slippage=rows["slipped"],
        mfe=rows["mfe"],
        mae=rows["mae"],
        exit_reason=rows["exit_kind"],
    )
    memory = RunMemory(rows, trade_rows, book.legs[: book.account[0]["legs"]], market.first, *times)
    return BacktestResult(config, symbols, market.close_ms, book.equity, columns, book.entries["outcome"], memory)
