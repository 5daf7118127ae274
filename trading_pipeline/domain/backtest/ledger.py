"""The proof that a run's money adds up, made from its fills alone.

The loop keeps a balance and marks positions as it goes. Here the account is rebuilt from nothing
but the recorded fills, the bars and the funding rates, the other way round: cash goes out by the
full price of what is bought and comes in by the price of what is sold. Both must agree at every wave.
"""

import numpy as np

from trading_pipeline.domain.backtest.codes import Phase
from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.records import Book, EntryRow, Floats, LegRow, Market, Records
from trading_pipeline.domain.model.errors import TradingError

TOLERANCE = 1e-9


class BrokenLedger(TradingError):
    """The engine contradicts itself; no figure of the run may be used."""


def check_ledger(market: Market, book: Book, initial_capital: float) -> None:
    """Hold balance, equity at every wave and the sum of all trades against the fills.

    :raises BrokenLedger: a difference above 1e-9 of the largest equity, or memory that overflowed.
    """
    account = book.account[0]
    if account["overflow"]:
        raise BrokenLedger(f"more than {len(book.legs)} fills from {len(book.entries)} signals")
    legs = book.legs[: account["legs"]]
    legs = legs[np.argsort(legs["symbol"], kind="stable")] if len(book.positions) > 1 else legs
    gap, wave, largest = _largest_gap(market, legs, book.equity, initial_capital)
    allowed = TOLERANCE * max(initial_capital, largest)
    if not gap <= allowed:
        raise BrokenLedger(f"equity at wave {wave} differs from its fills by {gap:g}")
    earned = _earned(book.entries)
    gap = abs(initial_capital + earned - float(account["balance"]))
    if not gap <= allowed:
        raise BrokenLedger(f"trades earned {earned}, the balance says otherwise by {gap:g}")


@compiled
def _earned(entries: Records) -> float:
    """Sum of all trades after fees and funding."""
    total = 0.0
    for i in range(len(entries)):
        trade: EntryRow = entries[i]
        if trade.layers > 0:
            total += trade.gross - trade.fees - trade.funding
    return total


@compiled
def _largest_gap(market: Market, legs: Records, equity: Floats, capital: float) -> tuple[float, int, float]:
    """The largest distance between ``equity`` and the one rebuilt from the fills, its wave, and the largest equity.

    NaN on either side counts as the largest. Fills are ordered by symbol, then as they happened.
    """
    rebuilt = np.full(len(equity), capital)
    begin = 0
    for symbol in range(len(market.first) - 1):
        end = begin
        while end < len(legs) and legs[end].symbol == symbol:
            end += 1
        if end > begin:
            _add_symbol(market, legs[begin:end], symbol, rebuilt)
        begin = end
    worst, where, largest = 0.0, 0, 0.0
    for wave in range(len(equity)):
        gap = abs(rebuilt[wave] - equity[wave])
        largest = max(largest, abs(equity[wave]))
        if not gap <= worst:
            worst, where = gap, wave
            if gap != gap:
                break
    return worst, where, largest


@compiled
def _add_symbol(market: Market, legs: Records, symbol: int, rebuilt: Floats) -> None:
    """Add one symbol's cash and holdings to the rebuilt equity of every wave from its first fill on."""
    waves, closes, funding = market.wave, market.close, market.funding_rate
    cash, held, leg = 0.0, 0.0, 0
    end, funded = market.first[symbol + 1], len(market.funding_rate) > 0
    while leg < len(legs):
        bar = legs[leg].bar
        paid = closes[bar] * funding[bar] if funded else 0.0
        at_close = False
        while leg < len(legs) and legs[leg].bar == bar:
            row: LegRow = legs[leg]
            # Funding is charged on what is held when the bar has closed, before fills at the close.
            if row.phase == Phase.CLOSE and not at_close:
                at_close = True
                cash -= held * paid
            cash -= row.quantity * row.price + row.fee
            held += row.quantity
            leg += 1
        if not at_close:
            cash -= held * paid
        following = legs[leg].bar if leg < len(legs) else end
        after = waves[following] if following < end else len(rebuilt)
        if funded or after - waves[bar] != following - bar:
            cash = _spread(market, rebuilt, bar, following, end, cash, held)
            continue
        offset = waves[bar] - bar
        for quiet in range(bar, following):
            rebuilt[quiet + offset] += cash + held * closes[quiet]


@compiled
def _spread(market: Market, rebuilt: Floats, start: int, stop: int, end: int, cash: float, held: float) -> float:
    """Add what is held from the close of bar ``start`` to bar ``stop``, before which nothing is filled; the cash left.

    ``end`` is the symbol's last bar plus one. Waves without a bar keep the value of the bar before.
    """
    waves, closes = market.wave, market.close
    for bar in range(start, stop):
        if len(market.funding_rate) > 0 and bar > start:
            cash -= held * closes[bar] * market.funding_rate[bar]
        until = waves[bar + 1] if bar + 1 < end else len(rebuilt)
        for wave in range(waves[bar], until):
            rebuilt[wave] += cash + held * closes[bar]
    return cash
