"""``docs/lifecycle.md`` once more, as a plain event loop: slow, and written without a look at the compiled engine."""

import math
import operator
from collections.abc import Iterable, Mapping, Sequence

from trading_pipeline.domain.backtest.codes import EntriesBy, LegKind, OrderKind, Outcome, Timing
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.backtest.reference_books import Books
from trading_pipeline_tests.domain.backtest.reference_inputs import Bar, LaneState, Order, path_of
from trading_pipeline_tests.domain.backtest.reference_position import Moment, Position


class Reference:
    """Lanes on one account. ``run`` leaves ``trades``, the ``curve`` of equity and the outcomes in ``lanes``."""

    def __init__(self, lanes: Sequence[Lane], path: Mapping[str, BarArrays]) -> None:
        self.rank = operator.methodcaller("rank", lanes[0].config.limits.entries_by is EntriesBy.SCORE)
        self.lanes = sorted((LaneState(lane) for lane in lanes), key=self.rank)
        self.funding = {lane.symbol: lane.given.funding for lane in self.lanes}
        self.paths = {s: path_of((one for one in self.lanes if one.symbol == s), path.get(s)) for s in self.funding}
        self.books, self.at = Books(lanes[0].config.initial_capital, lanes[0].config.limits), Moment(0, 0)
        self.orders, self.trades, self.curve = list[Order](), list[Position](), list[tuple[int, float]]()

    def run(self) -> "Reference":
        """Take wave after wave: the path bars that end at one instant, by instrument."""
        waves: dict[int, dict[str, Bar]] = {}
        for symbol, bars in self.paths.items():
            for bar in bars:
                waves.setdefault(bar.ms, {})[symbol] = bar
        for now, ending in sorted(waves.items()):
            self.open(now, ending)
            self.walk(now, ending)
            self.decide(now, ending)
            self.settle_entries(now, ending)
        return self

    def open(self, now: int, ending: Mapping[str, Bar]) -> None:
        """At the opens, the earlier first: funding of holes, expiries, all that leaves, and then all that enters."""
        for open_ms in sorted({bar.open_ms for bar in ending.values()}):
            self.at, opening = Moment(open_ms, now), [s for s in self.in_turn(ending) if ending[s].open_ms == open_ms]
            for symbol in opening:
                price = ending[symbol].open
                self.fund(symbol, ending[symbol].before_ms, open_ms, price)
                for order in self.waiting(symbol):
                    if order.expires_ms <= open_ms:
                        order.lane.outcomes[order.row] = Outcome.EXPIRED
                self.fire(symbol, price)
                told = [order for order in self.waiting(symbol) if math.isnan(order.price)]
                for lane in self.lanes:
                    self.leave_as_told(lane, [order.row for order in told if order.lane is lane], price)
            for order in sorted((one for symbol in opening for one in self.waiting(symbol)), key=self.rank):
                if order.met(ending[order.lane.symbol].open):
                    self.enter(order, ending[order.lane.symbol].open)

    def walk(self, now: int, ending: Mapping[str, Bar]) -> None:
        """Inside the bars, one instrument after the other; then the funding of that time."""
        self.at = Moment(now, now)
        for symbol, bar in [(symbol, ending[symbol]) for symbol in self.in_turn(ending)]:
            price = bar.open
            self.settle(symbol, price)
            for goal in (*bar.extremes(self.lanes[0].config.execution.path), bar.close):
                while price != goal:
                    price = self.next_price(symbol, price, goal)
                    self.settle(symbol, price)
        for symbol, bar in [(symbol, ending[symbol]) for symbol in self.in_turn(ending)]:
            self.books.last[symbol] = bar.close
            self.fund(symbol, bar.open_ms, now, bar.close)
            self.fire(symbol, bar.close)

    def in_turn(self, symbols: Iterable[str]) -> list[str]:
        """Instruments as they walk: those with a position, then those with orders, in the order of these lanes."""
        held = sorted((trade.lane for trade in self.books.open.values()), key=self.lanes.index)
        waiting = sorted((one.lane for one in self.orders if one.pending), key=self.lanes.index)
        return [s for s in dict.fromkeys([*(one.symbol for one in (*held, *waiting)), *self.paths]) if s in symbols]

    def next_price(self, symbol: str, price: float, goal: float) -> float:
        """The nearest level on the way to a goal, or the goal."""
        levels = self.books.open[symbol].levels if symbol in self.books.open else []
        levels += [order.price for order in self.waiting(symbol)]
        ahead = [one for one in levels if one != price and min(price, goal) <= one <= max(price, goal)]
        return min(ahead, key=lambda one: abs(one - price), default=goal)

    def settle(self, symbol: str, price: float) -> None:
        """Let fire what a price has met: liquidation, stop, targets, entries."""
        self.fire(symbol, price)
        while met := [order for order in self.waiting(symbol) if order.met(price)]:
            self.enter(met[0], price)
            self.fire(symbol, price)

    def fire(self, symbol: str, price: float, *, rests: bool = True) -> None:
        """Let the levels of a position fire that a price has met, in their order."""
        while trade := self.books.open.get(symbol):
            broke, stop, *targets = trade.levels
            if trade.sign * (price - broke) <= 0:
                self.leave(trade, price, LegKind.LIQUIDATION)
            elif trade.sign * (price - stop) <= 0:
                self.leave(trade, price, trade.kind)
            elif targets and trade.sign * (price - targets[0]) >= 0:
                place, _, part = trade.targets.pop(0)
                trade.done = place + 1
                self.leave(trade, price, LegKind.TAKE_PROFIT, part, rests)
                trade.follow()
            else:
                break

    def waiting(self, symbol: str) -> list[Order]:
        """Orders of an instrument in the order of their acceptance."""
        self.orders = [one for one in self.orders if one.pending]
        return [one for one in self.orders if one.lane.symbol == symbol]

    def leave(self, trade: Position, price: float, kind: LegKind, part: float = math.inf, rests: bool = True) -> None:
        """Book an exit."""
        self.books.balance += trade.leave(self.at, min(part, trade.held), price, kind, rests)
        if kind is LegKind.STOP_LOSS:
            self.books.loss_ms[trade.lane.symbol, trade.lane.ms] = self.at.ms
        if trade.held <= 1e-12 * trade.entered:
            self.trades.append(self.books.open.pop(trade.lane.symbol))

    def fund(self, symbol: str, after: int, until: int, price: float) -> None:
        """Charge the funding of a span of time."""
        due = self.funding[symbol]
        if due is not None:
            self.books.fund(symbol, float(due.rate[(due.time_ms > after) & (due.time_ms <= until)].sum()), price)

    def decide(self, now: int, ending: Mapping[str, Bar]) -> None:
        """What the closes of now decide: exits, stops, the mark, entries."""
        ended = {symbol for symbol, bar in ending.items() if bar is self.paths[symbol][-1]}
        lanes = [lane for lane in self.lanes if now in lane.rows]
        for lane in lanes:
            self.exit(lane, now)
        for symbol, bar in ending.items():
            trade = self.books.open.get(symbol)
            if trade is not None and self.funds_soon(trade, now, bar.close):
                self.leave(trade, bar.close, LegKind.FUNDING_EXIT)
            elif trade is not None and symbol in ended:
                self.leave(trade, bar.close, LegKind.END_OF_DATA)
            elif trade is not None and trade.lane.trails_at(now):
                trade.trail(bar.close, now)
                if trade.sign * (bar.close - trade.stop) <= 0:
                    self.leave(trade, bar.close, trade.kind)
        self.books.mark(now)
        signals = [Order(lane, row) for lane in lanes for row in lane.rows[now]]
        for signal in sorted((one for one in signals if one.pending), key=self.rank):
            self.accept(signal, now, signal.lane.symbol in ended)
        for order in self.orders:
            if order.lane.symbol in ended and order.pending:
                order.lane.outcomes[order.row] = Outcome.EXPIRED

    def settle_entries(self, now: int, ending: Mapping[str, Bar]) -> None:
        """Let leave what entries put behind the close, the targets as takers; note the equity."""
        for symbol, bar in ending.items():
            self.fire(symbol, bar.close, rests=False)
        if any(now in lane.rows for lane in self.lanes):
            self.curve.append((now, self.books.worth))

    def exit(self, lane: LaneState, now: int) -> None:
        """Leave where a rule or a signal says so at an own close; what comes after it finds no position."""
        price, exits, trade = self.books.last[lane.symbol], lane.config.exits, self.held(lane)
        if trade is not None and exits.next_bar_exit and trade.stalls(lane.place_of(now)):
            self.leave(trade, price, LegKind.NEXT_BAR_EXIT)
        if lane.config.execution.timing is Timing.BAR_CLOSE:
            self.leave_as_told(lane, lane.rows[now], price)
        trade = self.held(lane)
        if trade is not None and 0 < exits.max_holding_bars * lane.ms <= now - trade.fills[0].at.ms:
            self.leave(trade, price, LegKind.TIME_EXIT)

    def funds_soon(self, trade: Position, now: int, close: float) -> bool:
        """Whether funding is near and the gain small."""
        rule, due = trade.lane.config.exits.funding_exit, self.funding[trade.lane.symbol]
        if rule is None or due is None or now % rule.every:
            return False
        near = any(now < at <= now + rule.minutes * 60_000 for at in due.time_ms)
        gain = trade.sign * (close - trade.average)
        return near and gain < rule.below_r * abs(trade.average - trade.initial_stop)

    def leave_as_told(self, lane: LaneState, rows: list[int], price: float) -> None:
        """Leave what a lane holds, as its signals say: exits first, then opposite ones."""
        for row in sorted(rows, key=lambda one: (lane.kinds[one] is not OrderKind.EXIT, self.rank(Order(lane, one)))):
            trade = self.held(lane)
            kind = lane.answer(row, 0 if trade is None else trade.sign)
            if trade is not None and kind is not None:
                self.leave(trade, price, kind)

    def held(self, lane: LaneState) -> Position | None:
        """The position of a lane."""
        trade = self.books.open.get(lane.symbol)
        return trade if trade is not None and trade.lane is lane else None

    def accept(self, signal: Order, now: int, ended: bool) -> None:
        """Enter at the close, or let the order wait."""
        lane, execution = signal.lane, signal.lane.config.execution
        if ended:
            lane.outcomes[signal.row] = Outcome.NO_LATER_BAR
        elif lane.kinds[signal.row] in (OrderKind.LIMIT, OrderKind.STOP):
            price = float(lane.signals.limit_price[signal.row])
            self.orders.append(Order(lane, signal.row, price, now + execution.entry_expiry_bars * lane.ms))
        elif execution.timing is Timing.NEXT_OPEN:
            self.orders.append(signal)
        else:
            self.enter(signal, self.books.last[lane.symbol])

    def enter(self, order: Order, price: float) -> None:
        """Fill an entry that nothing objects to."""
        lane, row, kind, books = order.lane, order.row, order.lane.kinds[order.row], self.books
        lane.outcomes[row], quantity, stop = books.judge(lane, row, price)
        if lane.outcomes[row] is Outcome.FILLED:
            place = lane.signals.bar_index[row] if kind is OrderKind.MARKET else lane.place_of(self.at.bar_ms)
            trade = books.open.setdefault(lane.symbol, Position(lane, lane.signs[row], int(place), stop, stop))
            books.balance -= trade.enter(self.at, quantity, price, stop, kind, books.cash)
