"""The flat memory of one run: what goes into the compiled loop and what it fills.

Each class below is the field list of a numpy record; ``record_dtype`` turns it into the dtype, so
that the type checker, numpy and the compiler read one definition. Money is quote currency,
quantities are base currency, bars are positions in the flat bar arrays.
"""

from typing import NamedTuple, TypeVar, get_type_hints

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]
Column = TypeVar("Column", Integers, Floats)

MAX_TARGETS = 8
MAX_RESTING = 16


def read_only(array: Column) -> Column:
    """A contiguous view nobody can write to: one array type means one compiled form."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def record_dtype(fields: type) -> np.dtype[np.void]:
    """The numpy dtype with one field per annotation; ``Floats`` has one per target, ``Integers`` per order."""
    scalars = {int: np.int64, float: np.float64, bool: np.bool_}
    columns: list[tuple[str, type] | tuple[str, type, int]] = []
    for name, kind in get_type_hints(fields).items():
        if kind == Floats:
            columns.append((name, np.float64, MAX_TARGETS))
        elif kind == Integers:
            columns.append((name, np.int64, MAX_RESTING))
        else:
            columns.append((name, scalars[kind]))
    return np.dtype(columns, align=True)


class Rules:
    """A ``BacktestConfig`` as numbers; fractions and rates, infinity where a limit is off."""

    initial_capital: float
    timing: int
    path: int
    trigger_on_entry_bar: bool
    opposite: int
    max_layers: int
    entry_expiry_bars: int
    maker_fee: float
    taker_fee: float
    slippage: float
    sizing: int
    stake: float
    leverage: float
    maintenance_margin: float
    max_open_positions: int
    max_daily_loss: float
    max_drawdown: float
    cooldown_bars: int
    target_count: int
    target_unit: int
    target_distance: Floats
    target_fraction: Floats
    targets_close_all: bool
    stop_fraction: float
    break_even_after: int
    move_stop_at_close: bool
    trail: int
    trail_distance: float
    trail_activation: float
    trail_after: int
    next_bar_exit: bool
    max_holding_bars: int


class Position:
    """One symbol's steps and minima, its position, if any, and the levels that end it.

    ``lower`` and ``upper`` are the nearest levels on either side at which anything happens.
    ``decision_bar`` decided the entry, ``entry_bar`` saw its first fill, ``row`` is the signal that opened
    it, ``basis`` the money that signal was sized by, ``due_bar`` the next bar whose close may end it by
    rule. Steps and minima are zero where there are none. ``resting_rows`` are the signals whose orders
    rest, oldest first.
    """

    symbol: int
    last_bar: int
    price_increment: float
    quantity_increment: float
    min_quantity: float
    min_notional: float
    direction: int
    bar: int
    active: bool
    armed: bool
    checked: bool
    exit_pending: bool
    quantity: float
    entry_quantity: float
    entry_price: float
    stop: float
    initial_stop: float
    first_stop: float
    runner_stop: float
    stop_kind: int
    liquidation: float
    lower: float
    upper: float
    target_index: int
    layers: int
    highest: float
    lowest: float
    mark: float
    margin: float
    risk: float
    gross: float
    fees: float
    funding: float
    slipped: float
    closed_value: float
    decision_bar: int
    entry_bar: int
    blocked_until: int
    row: int
    basis: float
    due_bar: int
    resting: int
    resting_rows: Integers


class Account:
    """The one account of the run, and the fill levels of its output arrays."""

    balance: float
    margin: float
    equity: float
    previous_equity: float
    peak: float
    day: int
    day_equity: float
    halted: bool
    phase: int
    active: int
    open_positions: int
    legs: int
    overflow: bool


class EntryRow:
    """One signal, the order it became, and the trade it opened, if it did.

    Given: ``direction`` is 1 or -1, for an exit the side it closes or 0 for either; ``kind`` an
    ``OrderKind``; ``price`` is read for limit and stop orders; ``stop`` and ``quantity`` are NaN where
    the rules decide; ``share`` of the sizing rule's amount; ``level`` of an entry grid, 1 its first, else 0.
    Written: ``outcome``; while resting, the price at which it fires, on the way up (``from_below``) or
    down, and the last bar it lives; for a trade (``layers`` > 0) what became of it. ``risk`` is the money
    between entry and initial stop, ``slipped`` what its fills were worse than their levels.
    """

    symbol: int
    bar: int
    wave: int
    direction: int
    kind: int
    price: float
    stop: float
    quantity: float
    share: float
    level: int
    outcome: int
    trigger: float
    from_below: bool
    expires: int
    layers: int
    entry_bar: int
    exit_bar: int
    exit_kind: int
    filled: float
    entry_price: float
    exit_price: float
    initial_stop: float
    risk: float
    gross: float
    fees: float
    funding: float
    slipped: float
    mfe: float
    mae: float


class LegRow:
    """One fill; ``quantity`` is positive for a buy and negative for a sell."""

    row: int
    symbol: int
    bar: int
    phase: int
    kind: int
    quantity: float
    price: float
    fee: float


RULES, POSITION, ACCOUNT, ENTRY, LEG = map(record_dtype, (Rules, Position, Account, EntryRow, LegRow))


class Market(NamedTuple):
    """Bars of all symbols, one after the other, symbols in name order.

    ``first`` has the first bar of each symbol and the end; ``wave`` the closing instant of each bar
    as an index into ``close_ms``. Where the rules do not use ``atr``, a pivot series or ``momentum``, any
    array of the right length stands in. ``funding_rate`` is empty where there is none. ``fine_first``
    has the first 1m bar of each bar and the end, or is empty without a magnifier.
    """

    first: Integers
    wave: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    close_ms: Integers
    atr: Floats
    pivot_low: Floats
    pivot_high: Floats
    momentum: Floats
    funding_rate: Floats
    fine_first: Integers
    fine_open: Floats
    fine_high: Floats
    fine_low: Floats
    fine_close: Floats


class Book(NamedTuple):
    """Everything the loop writes. ``entries`` are ordered by wave and then symbol."""

    account: Records
    positions: Records
    active: Integers
    equity: Floats
    entries: Records
    legs: Records


class Desk(NamedTuple):
    """What every event needs: the rules, the account and the papers."""

    rules: Rules
    account: Account
    entries: Records
    legs: Records


def new_book(first: Integers, waves: int, entries: Records, rules: Records) -> Book:
    """Empty memory, large enough for every case: each entry opens at most one trade, and a trade has
    one closing fill per target and one more."""
    account = np.zeros(1, ACCOUNT)
    for name in ("balance", "equity", "previous_equity", "peak", "day_equity"):
        account[name] = rules[0]["initial_capital"]
    symbols = len(first) - 1
    positions = np.zeros(symbols, POSITION)
    positions["symbol"], positions["last_bar"] = np.arange(symbols), first[1:] - 1
    positions["lower"], positions["upper"], positions["blocked_until"] = -np.inf, np.inf, -1
    return Book(
        account=account,
        positions=positions,
        active=np.zeros(symbols, np.int64),
        equity=np.empty(waves),
        entries=entries,
        legs=np.empty(len(entries) * (2 + int(rules[0]["target_count"])), LEG),
    )
