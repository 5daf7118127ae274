from collections.abc import Callable

import numpy as np
import pytest

from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.kernel import simulate
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.layout import Layout, entries_of, market_of, positions_of
from trading_pipeline.domain.backtest.ledger import BrokenLedger, check_ledger
from trading_pipeline.domain.backtest.records import Book, Market, new_book
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, SymbolInput, rules_of
from trading_pipeline_tests.domain.backtest.cases import random_bars, signals_of


def finished_run() -> tuple[Market, Book]:
    """A run with some trades and funding, as the loop leaves it."""
    bars = random_bars(200, 3, 0.01)
    rows = [(i, 1, float(bars.close[i]) * 0.98) for i in range(5, 190, 20)]
    funding = Funding(bars.close_time_ms[::8], np.full(25, 1e-4))
    one = SymbolInput(bars, EntrySignals(*_columns(rows)), funding=funding)
    config = BacktestConfig()
    layout = Layout.of([Lane("", "X", config, one)], {})
    market, rules = market_of(layout), rules_of([config])
    book = new_book(positions_of(layout), len(market.close_ms), entries_of(layout, market)[0], rules)
    simulate(market, rules, book)
    return market, book


def _columns(rows: list[tuple[int, int, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    signals = signals_of(rows)
    return signals.bar_index, signals.direction, signals.stop_price


def _move_equity(book: Book) -> None:
    book.equity[100] += 1e-3


def _lose_equity(book: Book) -> None:
    book.equity[100] = np.nan


def _change_a_price(book: Book) -> None:
    book.legs["price"][0] *= 1.0001


def _forget_a_fee(book: Book) -> None:
    book.legs["fee"][1] += 0.01


def _earn_more(book: Book) -> None:
    book.trades["gross"][: book.account[0]["trades"]] += 0.01


def _overflow(book: Book) -> None:
    book.account["overflow"] = True


def test_a_sound_run_passes() -> None:
    check_ledger(*finished_run(), 10_000.0)


@pytest.mark.parametrize("damage", [_move_equity, _lose_equity, _change_a_price, _forget_a_fee, _earn_more, _overflow])
def test_any_figure_that_does_not_follow_from_the_fills_is_noticed(damage: Callable[[Book], None]) -> None:
    market, book = finished_run()
    damage(book)
    with pytest.raises(BrokenLedger):
        check_ledger(market, book, 10_000.0)
