"""The proof that a run's money adds up, made from its fills alone.

The loop keeps a balance and marks positions as it goes. Here the account is rebuilt from nothing
but the recorded fills, the paths and the funding rates, whatever lane they are of, the other way round: cash
goes out by the full price of what is bought and comes in by the price of what is sold. Both must agree at
every wave.
"""

import numpy as np

from trading_pipeline.domain.backtest.codes import Phase
from trading_pipeline.domain.backtest.compiled import at, compiled
from trading_pipeline.domain.backtest.records import (
    Book,
    Floats,
    Integers,
    LegRow,
    Market,
    Records,
    TradeRow,
    record_dtype,
)
from trading_pipeline.domain.backtest.uncounted import uncounted
from trading_pipeline.domain.backtest.waves import wave_of
from trading_pipeline.domain.model.errors import TradingError

# A fraction of the largest equity: sums of thousands of fills taken in another order differ by their rounding.
TOLERANCE = 1e-9
BLOCK = 4096
"""Waves rebuilt at a time: few enough to stay in the processor's cache, so that no array of a run's length is made."""


class Cursor:
    """Where the rebuilding of one instrument stands.

    ``bar`` and ``leg`` are the next to be taken, ``end`` and ``last_leg`` where they stop; ``cash`` is what its
    fills left or took, ``held`` base currency, ``price`` the last close.
    """

    bar: int
    end: int
    leg: int
    last_leg: int
    cash: float
    held: float
    price: float


CURSOR = record_dtype(Cursor)
Prices = tuple[Integers, Floats, Floats, Floats, Floats]
"""Wave, open, close and the funding rates at close and open of all bars, as in ``Market``."""


class BrokenLedger(TradingError):
    """The engine contradicts itself; no figure of the run may be used."""


def check_ledger(market: Market, book: Book, initial_capital: float) -> None:
    """Hold balance, equity at every wave and the sum of all trades against the fills.

    :raises BrokenLedger: a difference above 1e-9 of the largest equity, or memory that overflowed.
    """
    account = book.account[0]
    if account["overflow"]:
        raise BrokenLedger(f"more than {len(book.legs)} fills from {len(book.entries)} signals")
    # NaN stays NaN here, and nothing agrees to within NaN.
    allowed = TOLERANCE * max(float(np.max(book.equity)), initial_capital)
    legs = book.legs[: account["legs"]]
    # Stable, so that the fills of an instrument stay in the order in which they happened.
    legs = legs[np.argsort(legs["instrument_id"], kind="stable")] if len(market.first) > 2 else legs
    prices = (market.wave, market.open, market.close, market.funding_rate, market.gap_rate)
    wave, gap = _first_gap(prices, legs, _cursors(market.first, legs), book.equity, initial_capital, allowed)
    if wave < len(book.equity):
        raise BrokenLedger(f"equity at wave {wave} differs from its fills by {gap:g}")
    earned = _earned(book.trades[: account["trades"]])
    gap = abs(initial_capital + earned - float(account["balance"]))
    if not gap <= allowed:
        raise BrokenLedger(f"trades earned {earned}, the balance says otherwise by {gap:g}")


def _cursors(first: Integers, legs: Records) -> Records:
    """One cursor per instrument, at its first bar and fill; fills are ordered by instrument, then as they happened."""
    cursors = np.zeros(len(first) - 1, CURSOR)
    bounds = np.searchsorted(legs["instrument_id"], np.arange(len(first)))
    cursors["bar"], cursors["end"] = first[:-1], first[1:]
    cursors["leg"], cursors["last_leg"] = bounds[:-1], bounds[1:]
    return cursors


@compiled
def _first_gap(
    prices: Prices, legs: Records, cursors: Records, equity: Floats, capital: float, allowed: float
) -> tuple[int, float]:
    """The first wave at which the fills say something else than ``equity``, and by how much; the end if none does.

    NaN on either side is a gap.
    """
    expected, fills, instrument_ids = np.empty(BLOCK), uncounted(legs), uncounted(cursors)
    for start in range(0, len(equity), BLOCK):
        count = min(BLOCK, len(equity) - start)
        expected[:count] = capital
        for instrument_id in range(len(cursors)):
            cursor: Cursor = instrument_ids[instrument_id]
            _add_symbol(prices, fills, cursor, start, expected[:count])
        # Plain arithmetic over the whole block first; which wave it is gets asked only when one is apart.
        apart = False
        for place in range(count):
            apart |= not abs(expected[at(place)] - equity[at(start + place)]) <= allowed
        if apart:
            for place in range(count):
                gap = abs(expected[place] - equity[start + place])
                if not gap <= allowed:
                    return start + place, gap
    return len(equity), 0.0


@compiled
def _add_symbol(prices: Prices, legs: Records, c: Cursor, start: int, expected: Floats) -> None:
    """Add one instrument's cash and holdings to the equity of the waves from ``start`` on."""
    waves, opens, closes, funding, gaps = prices
    wave, stop, funded = start, start + len(expected), len(funding) > 0
    while wave < stop:
        due = wave_of(waves, c.bar) if c.bar < c.end else stop
        if due > wave:  # no bar of this instrument closes here: its last close holds
            until = min(due, stop)
            expected[wave - start : until - start] += c.cash + c.held * c.price
            wave = until
            continue
        quiet = (legs[c.leg].bar if c.leg < c.last_leg else c.end) - c.bar
        quiet = 0 if funded else min(quiet, stop - wave)
        if quiet > 0 and wave_of(waves, c.bar + quiet - 1) == wave + quiet - 1:
            cash, held, bar, place = c.cash, c.held, c.bar, wave - start
            for passed in range(quiet):
                expected[at(place + passed)] += cash + held * closes[at(bar + passed)]
        else:
            quiet = 1
            if len(gaps) > 0:  # what fell due while bars were missing, before anything else
                c.cash -= c.held * opens[c.bar] * gaps[c.bar]
            _settle(legs, c, closes[c.bar] * funding[c.bar] if funded else 0.0)
            expected[wave - start] += c.cash + c.held * closes[c.bar]
        c.bar += quiet
        c.price = closes[c.bar - 1]
        wave += quiet


@compiled
def _settle(legs: Records, c: Cursor, paid: float) -> None:
    """Take the fills of the cursor's bar; ``paid`` is its funding per unit.

    Funding is charged on what is held when the bar has closed, before fills at the close.
    """
    charged = False
    while c.leg < c.last_leg and legs[c.leg].bar == c.bar:
        row: LegRow = legs[c.leg]
        if row.phase == Phase.CLOSE and not charged:
            charged = True
            c.cash -= c.held * paid
        c.cash -= row.quantity * row.price + row.fee
        c.held += row.quantity
        c.leg += 1
    if not charged:
        c.cash -= c.held * paid


@compiled
def _earned(trades: Records) -> float:
    """Sum of all trades after fees and funding, quote currency."""
    total, rows = 0.0, uncounted(trades)
    for i in range(len(rows)):
        trade: TradeRow = rows[i]
        total += trade.gross - trade.fees - trade.funding
    return total
