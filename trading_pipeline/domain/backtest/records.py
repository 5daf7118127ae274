"""The flat memory of one run: what goes into the compiled loop and what it fills.

Each class below is the field list of a numpy record; ``record_dtype`` turns it into the dtype, so
that the type checker, numpy and the compiler read one definition. Money is quote currency,
quantities are base currency, bars are positions in the flat bar arrays.
"""

from typing import NamedTuple, TypeVar, get_type_hints

import numpy as np
import numpy.typing as npt

from trading_pipeline.domain.backtest.codes import Opposite, OrderKind

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]
Column = TypeVar("Column", Integers, Floats)

# As many as `Exits` lets through.
MAX_TARGETS = 8
# UTC ms before any bar, and half of what an int64 holds: adding a cooldown to it does not overflow.
LONG_AGO = -(2**62)
# Sixteen entries, and a place that is kept for an exit.
MAX_RESTING = 17


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
    # Aligned, so that compiled code reads a field with one access.
    return np.dtype(columns, align=True)


class Rules:
    """A ``BacktestConfig`` as numbers, one row a lane; fractions and rates, infinity where a limit is off.

    ``margin_rate`` is 1 / leverage; ``trail_every`` is ms, 0 at the closes of the lane's own bars.
    ``funding_exit_ms`` is 0 where no position is left before funding.
    """

    initial_capital: float
    timing: int
    path: int
    opposite: int
    max_layers: int
    entry_expiry_bars: int
    maker_fee: float
    taker_fee: float
    slippage: float
    sizing: int
    stake: float
    amount: int
    amount_stake: float
    amount_share: float
    min_amount: float
    max_amount: float
    leverage: float
    margin_rate: float
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
    trail_every: int
    next_bar_exit: bool
    max_holding_bars: int
    funding_exit_ms: int
    funding_exit_below_r: float
    funding_exit_every: int


class Position:
    """One lane: where it stands on its instrument's path, its position, if any, and the levels that end it.

    Given: ``home`` is the first lane of the instrument, whose record says who owns the instrument; ``pace`` the first
    of the instrument and timeframe, whose record says when its initial stop last lost; ``bar_ms`` the length of
    the lane's bars; ``dense`` whether they are the path itself, an own bar then being ``shift`` after the path
    bar in the arrays of own bars; ``own_last`` and ``last_bar`` the last of the lane's bars and of the path.
    Steps and minima are zero where there are none.

    The way: ``bar`` is the newest bar of the path, ``own`` the lane's newest closed one; ``closing`` says that a
    bar of the path closes in this wave, ``deciding`` that one of the lane's does, ``walking`` that the bar with
    the prices ``open`` to ``close`` is not passed quietly. ``seat`` belongs to the table, not to the lane: the
    lane at this place of the list of active ones.

    ``lower`` and ``upper`` are the nearest levels on either side at which anything happens. ``drained`` is what
    the margin lacks of its share of the notional. ``target_index`` is the next target that is an order,
    ``targets_done`` how many are behind. ``entry_bar`` saw the first fill, at ``entered_ms``; ``decision_own``
    decided it; ``row`` is the signal that opened it, ``trade`` where its trade is written, ``basis`` the money
    that signal was sized by.
    ``resting_rows`` are the signals whose orders rest, oldest first.
    """

    lane: int
    instrument_id: int
    home: int
    pace: int
    bar_ms: int
    dense: bool
    shift: int
    own_last: int
    last_bar: int
    price_increment: float
    quantity_increment: float
    min_quantity: float
    min_notional: float
    max_quantity: float
    seat: int
    owner: int
    lost_ms: int
    direction: int
    bar: int
    own: int
    active: bool
    closing: bool
    deciding: bool
    walking: bool
    checked: bool
    open_ms: int
    open: float
    high: float
    low: float
    close: float
    quantity: float
    entry_quantity: float
    entry_price: float
    stop: float
    initial_stop: float
    runner_stop: float
    stop_kind: int
    liquidation: float
    lower: float
    upper: float
    target_index: int
    targets_done: int
    layers: int
    highest: float
    lowest: float
    mark: float
    margin: float
    drained: float
    risk: float
    gross: float
    fees: float
    funding: float
    slipped: float
    closed_value: float
    entry_bar: int
    entered_ms: int
    decision_own: int
    row: int
    trade: int
    basis: float
    resting: int
    resting_rows: Integers


class Account:
    """The one account of the run, and the fill levels of its output arrays.

    ``equity`` is as it was last marked, when the balance was ``marked_balance``; ``now`` is the wave's close, UTC ms.
    ``heeding`` says whether signals may end positions, ``limited`` whether a rule without a signal may,
    ``shared`` whether an instrument has several lanes.
    """

    balance: float
    margin: float
    equity: float
    marked_balance: float
    previous_equity: float
    peak: float
    day: int
    day_equity: float
    halted: bool
    now: int
    heeding: bool
    limited: bool
    shared: bool
    phase: int
    active: int
    open_positions: int
    trades: int
    legs: int
    overflow: bool


class EntryRow:
    """One signal, and the order it became.

    Given: ``own`` is the lane's bar that decided, ``bar`` the bar of the path that closes with it; ``direction``
    is 1 or -1, for an exit the side it closes or 0 for either; ``kind`` an ``OrderKind``; ``price`` is read for
    limit and stop orders; ``stop`` and ``quantity`` are NaN where the rules decide; ``share`` of the sizing rule's
    amount; ``volatility_scale`` weighs the live amount, NaN where its volatility is unknown; ``level`` of an entry
    grid, 1 its first, else 0; ``score`` is 0 where entries are taken by instrument.
    Written: ``decided_ms``; ``outcome``; while resting, the price at which it fires, on the way up
    (``from_below``) or down, and the instant at which it is withdrawn.
    """

    lane: int
    bar: int
    own: int
    wave: int
    direction: int
    kind: int
    price: float
    stop: float
    quantity: float
    share: float
    volatility_scale: float
    level: int
    score: float
    decided_ms: int
    outcome: int
    trigger: float
    from_below: bool
    expires: int


class TradeRow:
    """One trade, written when it ends; rows lie in the order in which trades began.

    ``row`` is the signal that opened it, ``filled`` all that was entered, in base currency; ``risk`` is the money
    between entry and initial stop, ``slipped`` what its fills were worse than their levels, like all money here in
    quote currency.
    """

    row: int
    lane: int
    direction: int
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
    """One fill; ``quantity`` (base currency) is positive for a buy and negative for a sell."""

    row: int
    instrument_id: int
    bar: int
    phase: int
    kind: int
    quantity: float
    price: float
    fee: float


RULES, POSITION, ACCOUNT, ENTRY, TRADE, LEG = map(record_dtype, (Rules, Position, Account, EntryRow, TradeRow, LegRow))


class Market(NamedTuple):
    """The paths of all instruments, one after the other, and the series of all lanes.

    ``first`` has the first bar of each instrument's path and the end; ``wave`` the closing instant of each bar
    as an index into ``close_ms``, empty where there is one path, whose bars are the waves. ``funding_rate`` is
    what is paid at the close of each bar and ``gap_rate`` at its open, for what fell due while bars were missing;
    both are empty where there is none; ``until_funding`` has ms from each close to the next event after it, likewise.
    ``own_close`` has the bar of the path with which each lane's bar closes,
    and is empty where the path is the bars of every lane. ``atr``, the pivots and ``momentum`` have a value per
    bar of each lane; where the rules do not use one, any array of the right length stands in.
    """

    first: Integers
    wave: Integers
    open_ms: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    close_ms: Integers
    funding_rate: Floats
    gap_rate: Floats
    until_funding: Integers
    own_close: Integers
    atr: Floats
    pivot_low: Floats
    pivot_high: Floats
    momentum: Floats

    def waves_of(self, bars: Integers) -> Integers:
        """The waves in which some bars of the paths close."""
        return self.wave[bars] if len(self.wave) else bars


class Book(NamedTuple):
    """Everything the loop writes. ``positions`` has a record per lane, ``entries`` are in the order they are taken."""

    account: Records
    positions: Records
    equity: Floats
    entries: Records
    trades: Records
    legs: Records


class EngineState(NamedTuple):
    """What every event works on: rules and positions of all lanes, the account, and the entries, trades and legs."""

    rules: Records
    account: Account
    positions: Records
    entries: Records
    trades: Records
    legs: Records


def new_book(positions: Records, waves: int, entries: Records, rules: Records) -> Book:
    """Empty memory, large enough for every case: each entry opens at most one trade, and a trade has
    one closing fill per target and one more.

    :param positions: the lanes, of which a copy is written to.
    """
    account = np.zeros(1, ACCOUNT)
    for name in ("balance", "equity", "marked_balance", "previous_equity", "peak", "day_equity"):
        account[name] = rules[0]["initial_capital"]
    account["heeding"] = (rules["opposite"] != Opposite.IGNORE).any() or (entries["kind"] == OrderKind.EXIT).any()
    account["shared"] = (positions["home"] != positions["lane"]).any()
    by_rule = [rules[name] > 0 for name in ("max_holding_bars", "next_bar_exit", "funding_exit_ms")]
    account["limited"] = np.any(by_rule)
    return Book(
        account=account,
        positions=positions.copy(),
        equity=np.empty(waves),
        entries=entries,
        trades=np.zeros(len(entries), TRADE),
        # The entry's own fill, one per target, and one for the rest; a layer is an entry with rows of its own.
        legs=np.empty(len(entries) * (2 + int(rules["target_count"].max())), LEG),
    )


def new_positions(lanes: int) -> Records:
    """Flat lanes without an instrument."""
    positions = np.zeros(lanes, POSITION)
    positions["lane"], positions["owner"] = np.arange(lanes), -1
    positions["lower"], positions["upper"] = -np.inf, np.inf
    positions["lost_ms"] = LONG_AGO
    return positions
