"""The event loop: one pass over the waves of a run, compiled.

One wave is every bar that closes at one instant. In each wave the open positions and resting
orders walk their bar, then the account is marked, then the signals of that close are taken. Stretches
without position or order are skipped in one step.

Order within a bar: walk, funding, next-bar exit, time exit, end of data, trailing stop. Levels inside
a bar are the ones known at the previous close: a stop trailed at the close of bar N holds from N + 1.
"""

import math

from trading_pipeline.domain.backtest.codes import LegKind, Phase, Trail
from trading_pipeline.domain.backtest.compiled import at, compiled
from trading_pipeline.domain.backtest.entering import take_signal
from trading_pipeline.domain.backtest.leaving import expire, leave
from trading_pipeline.domain.backtest.levels import runner_level, schedule_exits, settle_stop
from trading_pipeline.domain.backtest.records import (
    Account,
    Book,
    Desk,
    EntryRow,
    Floats,
    Integers,
    Market,
    Position,
    Records,
    Rules,
)
from trading_pipeline.domain.backtest.uncounted import uncounted
from trading_pipeline.domain.backtest.walking import walk_bar, walk_fine_bars

DAY_MS = 86_400_000


@compiled
def simulate(market: Market, rules_row: Records, book: Book) -> None:  # noqa: C901 - a call here costs more than a bar
    """Run the whole history; ``rules_row`` holds one row, results are left in ``book``.

    Whatever a quiet bar needs is a local array or a record: handing a tuple of arrays to a function
    counts a reference per array, which would cost more than the bar.
    """
    account: Account = uncounted(book.account)[0]
    desk = Desk(uncounted(rules_row)[0], account, uncounted(book.entries), uncounted(book.legs))
    rules, positions, active, equity = desk.rules, uncounted(book.positions), book.active, book.equity
    waves_of_bars, low, high, close = market.wave, market.low, market.high, market.close
    atr, pivot_low, pivot_high, close_ms = market.atr, market.pivot_low, market.pivot_high, market.close_ms
    funded, daily = len(market.funding_rate) > 0, rules.max_daily_loss < math.inf
    guarded = rules.max_drawdown < math.inf
    moving = rules.trail != Trail.NONE or rules.move_stop_at_close
    wave, taken, due = 0, 0, _wave_of(desk.entries, 0, len(equity))
    magnified = len(market.fine_first) > 0
    # What the shortcut for a single open position does not know.
    alone = not funded and not guarded and rules.trail != Trail.PERCENT
    while wave < len(equity):
        if account.active == 0:
            equity[wave:due] = account.balance
            wave = due
            if wave == len(equity):
                break
        if alone and account.active == 1 and wave < due:
            p: Position = positions[active[0]]
            if p.direction != 0 and p.resting == 0 and not p.exit_pending:
                pivots = pivot_low if p.direction > 0 else pivot_high
                wave = _hold(
                    rules, account, p, wave, due, waves_of_bars, low, high, close, atr, pivots, close_ms, equity
                )
            if wave == due:
                continue
        for slot in range(account.active - 1, -1, -1):
            p = positions[active[slot]]
            if p.bar == p.last_bar or waves_of_bars[p.bar + 1] != wave:
                continue
            p.bar += 1
            bar = p.bar
            if not _pass_quietly(p, low[bar], high[bar]):
                if magnified and market.fine_first[bar] < market.fine_first[bar + 1]:
                    walk_fine_bars(market, desk, p)
                else:
                    walk_bar(desk, p, market.open[bar], high[bar], low[bar], close[bar])
            if p.direction != 0:
                p.mark, p.armed = close[bar], True
                if funded:
                    _pay_funding(account, p, close[bar] * market.funding_rate[bar])
                if bar >= p.due_bar:
                    _exit_at_close(desk, p, close[bar], market.momentum)
                if moving and p.direction != 0:
                    pivot = pivot_low[bar] if p.direction > 0 else pivot_high[bar]
                    settle_stop(rules, p, runner_level(rules, p, close[bar], atr[bar], pivot))
            if p.resting > 0:
                expire(desk, p)
            if p.direction == 0 and p.resting == 0:
                p.active = False
                account.active -= 1
                active[slot] = active[account.active]
        account.previous_equity = account.equity
        _mark(account, positions, active)
        if daily:
            _begin_day(account, market.close_ms[wave])
        if wave == due:
            while wave == due:
                entry: EntryRow = desk.entries[taken]
                p = positions[entry.symbol]
                take_signal(desk, p, taken, close[entry.bar])
                _activate(account, p, active)
                taken += 1
                due = _wave_of(desk.entries, taken, len(equity))
            _mark(account, positions, active)
        if guarded:
            account.peak = max(account.peak, account.equity)
            account.halted = account.halted or account.equity <= account.peak * (1.0 - rules.max_drawdown)
        equity[wave] = account.equity
        wave += 1


@compiled
def _hold(
    rules: Rules,
    account: Account,
    p: Position,
    wave: int,
    due: int,
    waves: Integers,
    low: Floats,
    high: Floats,
    close: Floats,
    atr: Floats,
    pivots: Floats,
    close_ms: Integers,
    equity: Floats,
) -> int:
    """Pass the quiet bars of the only position in one tight loop; the first wave that was not passed.

    The same as the general loop does with such bars, with the position's numbers in registers. The
    arrays come one by one for the reason given in ``simulate``.
    """
    trailing, daily = rules.trail != Trail.NONE, rules.max_daily_loss < math.inf
    size, highest, lowest, bar = p.direction * p.quantity, p.highest, p.lowest, p.bar + 1
    lower, upper, runner_stop, value = p.lower, p.upper, p.runner_stop, account.equity
    while wave < due and bar < p.due_bar and waves[at(bar)] == wave and lower < low[at(bar)] and high[at(bar)] < upper:
        highest, lowest = max(highest, high[at(bar)]), min(lowest, low[at(bar)])
        if trailing:
            level = runner_level(rules, p, close[at(bar)], atr[at(bar)], pivots[at(bar)])
            if p.direction * (level - runner_stop) > 0.0:
                settle_stop(rules, p, level)
                lower, upper, runner_stop = p.lower, p.upper, p.runner_stop
        account.previous_equity = value
        value = account.balance + size * (close[at(bar)] - p.entry_price)
        equity[at(wave)] = value
        if daily:
            account.equity = value
            _begin_day(account, close_ms[at(wave)])
        bar += 1
        wave += 1
    p.bar, p.highest, p.lowest, p.mark, account.equity = bar - 1, highest, lowest, close[bar - 1], value
    return wave


@compiled
def _pass_quietly(p: Position, low: float, high: float) -> bool:
    """Pass a bar that meets no level; false when it has to be walked."""
    if p.resting > 0 or p.exit_pending or p.lower >= low or high >= p.upper:
        return False
    p.highest, p.lowest = max(p.highest, high), min(p.lowest, low)
    return True


@compiled
def _pay_funding(account: Account, p: Position, per_unit: float) -> None:
    """Charge funding on what is open at this close: longs pay a positive rate, shorts receive it."""
    paid = p.direction * p.quantity * per_unit
    p.funding += paid
    account.balance -= paid


@compiled
def _wave_of(entries: Records, row: int, end: int) -> int:
    """The wave in which signal ``row`` is taken; ``end`` after the last signal."""
    return entries[row].wave if row < len(entries) else end


@compiled
def _activate(account: Account, p: Position, active: Integers) -> None:
    """Put a symbol with a position or a resting order among those that every wave visits."""
    if not p.active and (p.direction != 0 or p.resting > 0):
        p.active = True
        active[account.active] = p.symbol
        account.active += 1


@compiled
def _mark(account: Account, positions: Records, active: Integers) -> None:
    """Equity at this wave: balance plus what open positions would gain at their last close."""
    equity = account.balance
    for slot in range(account.active):
        p: Position = positions[active[slot]]
        equity += p.direction * p.quantity * (p.mark - p.entry_price)
    account.equity = equity


@compiled
def _begin_day(account: Account, close_ms: int) -> None:
    """Remember the equity at UTC midnight: this mark if the wave closes then, else the one before."""
    day = close_ms // DAY_MS
    if day != account.day:
        account.day = day
        account.day_equity = account.equity if close_ms % DAY_MS == 0 else account.previous_equity


@compiled
def _exit_at_close(desk: Desk, p: Position, close: float, momentum: Floats) -> None:
    """The exits that a close decides: next-bar rule, holding limit, end of data."""
    rules, bar = desk.rules, p.bar
    desk.account.phase = Phase.CLOSE
    if rules.next_bar_exit and not p.checked and bar > p.decision_bar:
        p.checked = True
        schedule_exits(rules, p)
        # An unknown value on either side compares false and keeps the position.
        if p.direction * (momentum[bar] - momentum[p.decision_bar]) <= 0.0:
            leave(desk, p, close, LegKind.NEXT_BAR_EXIT.value)
    if p.direction != 0 and 0 < rules.max_holding_bars <= bar - p.entry_bar:
        leave(desk, p, close, LegKind.TIME_EXIT.value)
    if p.direction != 0 and bar == p.last_bar:
        leave(desk, p, close, LegKind.END_OF_DATA.value)
