"""The event loop: one pass over the waves of a run, compiled.

One wave is every bar that closes at one instant. In each wave the lanes with a position or resting
orders walk their instrument's bar; then come funding, exits, stop moves, the mark of the account and the
entries of that close, each for all lanes before the next. Stretches without position or order are skipped
in one step.

Levels inside a bar are the ones known at the previous close: a stop trailed at the close of bar N holds
from N + 1.
"""

import math
from typing import NamedTuple

from trading_pipeline.domain.backtest.codes import LegKind, Opposite, OrderKind, Outcome, Phase, Timing, Trail
from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.entering import NEVER, meant_for, take_signal
from trading_pipeline.domain.backtest.leaving import expire, leave, liquidate, pay_funding
from trading_pipeline.domain.backtest.levels import runner_level, settle_stop
from trading_pipeline.domain.backtest.records import (
    Account,
    Book,
    EngineState,
    EntryRow,
    Floats,
    Integers,
    Market,
    Position,
    Records,
    Rules,
)
from trading_pipeline.domain.backtest.uncounted import uncounted, uncounted_column
from trading_pipeline.domain.backtest.walking import leave_for, leave_passed, walk_wave
from trading_pipeline.domain.backtest.waves import wave_of
from trading_pipeline.domain.indicators.ties import ROUNDING

DAY_MS = 86_400_000


class Paths(NamedTuple):
    """What the passing of a quiet bar reads, of all paths end to end; as in ``Market``."""

    wave: Integers
    low: Floats
    high: Floats
    close: Floats
    close_ms: Integers


@compiled
def simulate(market: Market, rules_rows: Records, book: Book) -> None:  # noqa: C901 - a call here costs more than a bar
    """Run the whole history; ``rules_rows`` has a row per lane, results are left in ``book``.

    Whatever a quiet bar needs is an uncounted column or a record: handing an array to a function counts a
    reference to it, which would cost more than the bar.
    """
    account: Account = uncounted(book.account)[0]
    positions = uncounted(book.positions)
    entries, trades, legs = uncounted(book.entries), uncounted(book.trades), uncounted(book.legs)
    state = EngineState(uncounted(rules_rows), account, positions, entries, trades, legs)
    paths = Paths(
        uncounted_column(market.wave),
        uncounted_column(market.low),
        uncounted_column(market.high),
        uncounted_column(market.close),
        uncounted_column(market.close_ms),
    )
    waves_of_bars, low, high, close, close_ms = paths
    atr, own_close = uncounted_column(market.atr), uncounted_column(market.own_close)
    pivot_low, pivot_high = uncounted_column(market.pivot_low), uncounted_column(market.pivot_high)
    funding, gaps = uncounted_column(market.funding_rate), uncounted_column(market.gap_rate)
    momentum, equity = uncounted_column(market.momentum), uncounted_column(book.equity)
    until_funding = uncounted_column(market.until_funding)
    common: Rules = state.rules[0]
    daily, guarded = common.max_daily_loss < math.inf, common.max_drawdown < math.inf
    wave, taken, due = 0, 0, _wave_of(state.entries, 0, len(equity))
    # What the shortcut for a single open position does not know.
    alone = len(funding) == 0 and not guarded
    while wave < len(equity):
        if account.active == 0:
            while wave < due:
                equity[wave] = account.balance
                wave += 1
            if wave == len(equity):
                break
        if alone and account.active == 1 and wave < due:
            p: Position = positions[positions[0].seat]
            rules: Rules = state.rules[p.lane]
            if p.direction != 0 and p.resting == 0 and _steady(rules, p):
                pivots = pivot_low if p.direction > 0 else pivot_high
                until = _quiet_until(rules, p, due, own_close, close_ms)
                last = min(p.last_bar, until[1])
                wave = _hold(rules, account, p, wave, until[0], last, paths, atr, pivots, equity)
            if wave == due:
                continue
        account.now, walking = close_ms[wave], False
        for place in range(account.active):
            p = positions[positions[place].seat]
            p.closing = p.bar < p.last_bar and wave_of(waves_of_bars, p.bar + 1) == wave
            if not p.closing:
                continue
            bar = p.bar = p.bar + 1
            p.mark = close[bar]
            p.deciding = p.dense or (p.own < p.own_last and own_close[p.own + 1] == bar)
            p.own = bar + p.shift if p.dense else p.own + p.deciding
            if len(gaps) > 0 and p.direction != 0 and gaps[bar] != 0.0:
                pay_funding(state, p, market.open[bar] * gaps[bar])
            if not _pass_quietly(p, low[bar], high[bar]):
                walking, p.walking = True, True
                p.open, p.high, p.low, p.close = market.open[bar], high[bar], low[bar], close[bar]
                p.open_ms = market.open_ms[bar]
        if walking:
            walk_wave(state)
        account.phase = Phase.CLOSE
        if len(funding) > 0:
            for place in range(account.active):
                p = positions[positions[place].seat]
                if p.closing and p.direction != 0 and funding[p.bar] != 0.0:
                    pay_funding(state, p, close[p.bar] * funding[p.bar])
                    # Taken from the margin, the payment may have moved the liquidation to the close.
                    if p.direction * (close[p.bar] - p.liquidation) <= 0.0:
                        liquidate(state, p, close[p.bar])
        if account.limited:
            for place in range(account.active):
                p = positions[positions[place].seat]
                if p.closing and p.deciding and p.direction != 0 and not p.checked:
                    _check_next_bar(state, p, momentum)
        if wave == due and account.heeding:
            _exit_by_signals(state, taken)
        place = 0
        while place < account.active:
            p = positions[positions[place].seat]
            if p.closing:
                if p.direction != 0 and (account.limited or p.bar == p.last_bar):
                    _exit_by_rule(state, p, until_funding[p.bar] if len(funding) > 0 else NEVER)
                rules = state.rules[p.lane]
                if p.direction != 0 and _stops_move(rules, p, account.now):
                    pivot = pivot_low[p.own] if p.direction > 0 else pivot_high[p.own]
                    moved = settle_stop(rules, p, runner_level(rules, p, p.mark, atr[p.own], pivot))
                    if moved and p.direction * (p.mark - p.stop) <= 0.0:
                        leave(state, p, p.mark, p.stop_kind)
                if p.resting > 0:
                    expire(state, p, NEVER if p.bar == p.last_bar else account.now)
                if p.direction == 0 and p.resting == 0:
                    # Whoever sat behind has moved to this place, so the place is looked at again.
                    _rise(account, positions, place)
                    continue
            place += 1
        # Before the entries: limits and sizes of this close go by one mark, however many enter.
        account.previous_equity = account.equity
        account.equity, account.marked_balance = _worth(account, positions), account.balance
        if daily:
            _begin_day(account, account.now)
        if guarded:
            account.peak = max(account.peak, account.equity)
            account.halted = account.halted or account.equity <= account.peak * (1.0 - common.max_drawdown)
        equity[wave] = account.equity
        if wave == due:
            while wave == due:
                entry: EntryRow = state.entries[taken]
                p = positions[entry.lane]
                take_signal(state, p, taken, close[entry.bar])
                _sit(account, positions, p)
                taken += 1
                due = _wave_of(state.entries, taken, len(equity))
            # A layer measures targets and a break-even stop anew, possibly behind the close.
            leave_passed(state)
            # The curve shows the entries' fees at once; `account.equity` stays as it was marked.
            equity[wave] = _worth(account, positions)
        wave += 1


@compiled
def _steady(rules: Rules, p: Position) -> bool:
    """Whether nothing but levels, the runner's stop and the holding limit can touch the position."""
    return rules.trail != Trail.PERCENT and rules.trail_every == 0 and (p.checked or not rules.next_bar_exit)


@compiled
def _quiet_until(rules: Rules, p: Position, due: int, own_close: Integers, close_ms: Integers) -> tuple[int, int]:
    """The wave and the bar before which no close can matter: the holding limit, the lane's next own bar."""
    if rules.max_holding_bars > 0:
        due = min(due, _first_at(close_ms, p.entered_ms + rules.max_holding_bars * p.bar_ms))
    return due, own_close[p.own + 1] if not p.dense and p.own < p.own_last else p.last_bar


@compiled
def _first_at(instants: Integers, instant: int) -> int:
    """The first of ascending instants that is not before one; their number if all are."""
    # By hand: the columns are addresses without a count, which numpy's search does not take.
    low, high = 0, len(instants)
    while low < high:
        middle = (low + high) // 2
        if instants[middle] < instant:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _hold(
    rules: Rules,
    account: Account,
    p: Position,
    wave: int,
    due: int,
    last: int,
    paths: Paths,
    atr: Floats,
    pivots: Floats,
    equity: Floats,
) -> int:
    """Pass the quiet bars of the only position in one tight loop; the first wave that was not passed.

    The same as the general loop does with such bars, with the position's numbers in registers.
    """
    waves, low, high, close, close_ms = paths
    trailing, daily = p.dense and rules.trail != Trail.NONE, rules.max_daily_loss < math.inf
    balance, entry_price, size = account.balance, p.entry_price, p.direction * p.quantity
    highest, lowest, bar, shift = p.highest, p.lowest, p.bar + 1, p.shift
    lower, upper, runner_stop = p.lower, p.upper, p.runner_stop
    value, before = account.equity, account.previous_equity
    while wave < due and bar < last and wave_of(waves, bar) == wave and lower < low[bar] and high[bar] < upper:
        if trailing:
            level = runner_level(rules, p, close[bar], atr[bar + shift], pivots[bar + shift])
            if p.direction * (level - runner_stop) > 0.0:
                if p.direction * (close[bar] - level) <= p.price_increment:
                    break  # may end the position at this close
                settle_stop(rules, p, level)
                lower, upper, runner_stop = p.lower, p.upper, p.runner_stop
        highest, lowest = max(highest, high[bar]), min(lowest, low[bar])
        before, value = value, balance + size * (close[bar] - entry_price)
        equity[wave] = value
        if daily:
            account.previous_equity, account.equity = before, value
            _begin_day(account, close_ms[wave])
        bar += 1
        wave += 1
    p.bar, p.highest, p.lowest, p.mark = bar - 1, highest, lowest, close[bar - 1]
    account.previous_equity, account.equity, account.marked_balance = before, value, balance
    return wave


@compiled
def _pass_quietly(p: Position, low: float, high: float) -> bool:
    """Pass a bar that meets no level; false when it has to be walked."""
    if p.resting > 0 or p.lower >= low or high >= p.upper:
        return False
    p.highest, p.lowest = max(p.highest, high), min(p.lowest, low)
    return True


@compiled
def _wave_of(entries: Records, row: int, end: int) -> int:
    """The wave in which signal ``row`` is taken; ``end`` after the last signal."""
    return entries[row].wave if row < len(entries) else end


@compiled
def _sit(account: Account, positions: Records, p: Position) -> None:
    """Put a lane with a position or a resting order among those that every wave visits, in their order."""
    if p.active or (p.direction == 0 and p.resting == 0):
        return
    p.active = True
    # Seats keep the order of lanes, because that is the order in which they enter.
    place = account.active
    while place > 0 and positions[place - 1].seat > p.lane:
        positions[place].seat = positions[place - 1].seat
        place -= 1
    positions[place].seat = p.lane
    account.active += 1


@compiled
def _rise(account: Account, positions: Records, place: int) -> None:
    """Take the lane at ``place`` from those that every wave visits."""
    positions[positions[place].seat].active = False
    account.active -= 1
    for after in range(place, account.active):
        positions[after].seat = positions[after + 1].seat


@compiled
def _worth(account: Account, positions: Records) -> float:
    """Balance plus what open positions would gain at their last close, quote currency."""
    equity = account.balance
    for place in range(account.active):
        p: Position = positions[positions[place].seat]
        equity += p.direction * p.quantity * (p.mark - p.entry_price)
    return equity


@compiled
def _begin_day(account: Account, close_ms: int) -> None:
    """Remember the equity (quote currency) at UTC midnight: this mark if the wave closes then, else the one before."""
    day = close_ms // DAY_MS
    if day != account.day:
        account.day = day
        account.day_equity = account.equity if close_ms % DAY_MS == 0 else account.previous_equity


@compiled
def _check_next_bar(state: EngineState, p: Position, momentum: Floats) -> None:
    """Leave at the first close after the deciding one unless the momentum has moved in favour."""
    rules: Rules = state.rules[p.lane]
    if rules.next_bar_exit and p.own > p.decision_own:
        p.checked = True
        # An unknown value on either side compares false and keeps the position; what is only rounding is no move.
        if p.direction * (momentum[p.own] - momentum[p.decision_own]) <= ROUNDING * p.mark:
            leave(state, p, p.mark, LegKind.NEXT_BAR_EXIT.value)


@compiled
def _exit_by_signals(state: EngineState, taken: int) -> None:
    """What the signals from row ``taken`` on say of open positions at this close: the exits, then the opposites.

    A signal that comes after what has already left finds no position.
    """
    row, wave, opposed = taken, state.entries[taken].wave, False
    while row < len(state.entries) and state.entries[row].wave == wave:
        entry: EntryRow = state.entries[row]
        p: Position = state.positions[entry.lane]
        rules: Rules = state.rules[p.lane]
        if entry.kind == OrderKind.EXIT and rules.timing == Timing.BAR_CLOSE and meant_for(entry, p.direction):
            entry.outcome = Outcome.FILLED
            leave(state, p, p.mark, LegKind.SIGNAL_EXIT.value)
        opposed |= rules.opposite != Opposite.IGNORE
        row += 1
    for later in range(taken, row if opposed else taken):
        entry = state.entries[later]
        p = state.positions[entry.lane]
        rules = state.rules[p.lane]
        if entry.kind == OrderKind.MARKET and rules.timing == Timing.BAR_CLOSE and p.active:
            leave_for(state, p, entry, p.mark)


@compiled
def _funding_is_near(state: EngineState, p: Position, until: int) -> bool:
    """Whether the next settlement, ``until`` ms away, ends a position whose gain per unit is below its part of R."""
    rules: Rules = state.rules[p.lane]
    if until > rules.funding_exit_ms or state.account.now % rules.funding_exit_every != 0:
        return False
    unit = abs(p.entry_price - p.initial_stop)
    return p.direction * (p.mark - p.entry_price) < rules.funding_exit_below_r * unit


@compiled
def _exit_by_rule(state: EngineState, p: Position, until: int) -> None:
    """The exits that a close decides without a signal: holding limit, funding ``until`` ms away, end of data."""
    rules: Rules = state.rules[p.lane]
    held = state.account.now - p.entered_ms
    if p.deciding and 0 < rules.max_holding_bars * p.bar_ms <= held:
        leave(state, p, p.mark, LegKind.TIME_EXIT.value)
    elif rules.funding_exit_ms > 0 and _funding_is_near(state, p, until):
        leave(state, p, p.mark, LegKind.FUNDING_EXIT.value)
    elif p.bar == p.last_bar:
        leave(state, p, p.mark, LegKind.END_OF_DATA.value)


@compiled
def _stops_move(rules: Rules, p: Position, now: int) -> bool:
    """Whether this close moves the stop."""
    if rules.trail == Trail.NONE and not rules.move_stop_at_close:
        return False
    return p.deciding if rules.trail_every == 0 else now % rules.trail_every == 0
