"""The money of the reference loop's account, and what it says to an entry."""

import math

from trading_pipeline.domain.backtest.codes import OrderKind, Outcome
from trading_pipeline.domain.backtest.config import Limits
from trading_pipeline_tests.domain.backtest.reference_inputs import LaneState, nearest, whole
from trading_pipeline_tests.domain.backtest.reference_position import Position

DAY_MS = 86_400_000


def fallen(equity: float, start: float, limit: float | None) -> bool:
    """Whether equity has fallen by the limit, a share of where it started; ``None`` is no limit."""
    return limit is not None and equity <= start * (1 - limit)


class Books:
    """Balance, open positions by instrument, and the marks that limits are measured from."""

    def __init__(self, capital: float, limits: Limits) -> None:
        self.limits = limits
        self.balance = self.equity = self.marked = self.day_start = self.peak = capital
        self.day, self.stopped = -1, False
        self.open: dict[str, Position] = {}
        self.last: dict[str, float] = {}
        self.loss_ms: dict[tuple[str, int], int] = {}

    @property
    def cash(self) -> float:
        """Balance less the margin of open positions."""
        return self.balance - sum(trade.margin for trade in self.open.values())

    @property
    def free(self) -> float:
        """What can bind margin: of cash no more than what positions lost on paper at the last mark leaves."""
        return self.cash + min(self.equity - self.marked, 0.0)

    @property
    def worth(self) -> float:
        """The balance and what open positions would gain at their last close."""
        return self.balance + sum(one.sign * one.held * (self.last[s] - one.average) for s, one in self.open.items())

    def fund(self, symbol: str, rate: float, price: float) -> None:
        """Charge funding on what is held; longs pay a positive rate."""
        trade = self.open.get(symbol)
        if trade is not None:
            amount = trade.sign * trade.held * price * rate
            trade.pay(amount, self.cash)
            self.balance -= amount

    def mark(self, now: int) -> None:
        """Mark the account; a day starts with midnight's own mark or the last before it."""
        before, self.equity, self.marked = self.equity, self.worth, self.balance
        if now // DAY_MS > self.day:
            self.day, self.day_start = now // DAY_MS, before if now % DAY_MS else self.equity
        self.peak = max(self.peak, self.equity)
        self.stopped |= fallen(self.equity, self.peak, self.limits.max_drawdown)

    def judge(self, lane: LaneState, row: int, price: float) -> tuple[Outcome, float, float]:
        """The first objection to an entry, or that it is filled; its quantity; its stop."""
        sign, limits, steps, trade = lane.signs[row], lane.config.limits, lane.steps, self.open.get(lane.symbol)
        stop = nearest(float(lane.signals.stop_price[row]), steps.price_increment)
        if stop <= 0 or sign * (price - stop) <= 0:
            return Outcome.STOP_NOT_PROTECTIVE, 0.0, stop
        adds = trade is not None and (trade.lane, trade.sign) == (lane, sign)
        room = trade is None or (adds and trade.layers < lane.config.execution.max_layers)
        rests_until = self.loss_ms.get((lane.symbol, lane.ms), -math.inf) + limits.cooldown_bars * lane.ms
        quantity = self._quantity(lane, row, price, stop)
        least = max(steps.min_notional, 0.0 if limits.amount is None else float(limits.amount.min_amount))
        objections = {
            Outcome.POSITION_OPEN: not room,
            Outcome.MAX_OPEN_POSITIONS: trade is None and len(self.open) >= limits.max_open_positions,
            Outcome.COOLDOWN: lane.closes[lane.signals.bar_index[row]] < rests_until,
            Outcome.MAX_DAILY_LOSS: fallen(self.equity, self.day_start, limits.max_daily_loss),
            Outcome.MAX_DRAWDOWN: self.stopped,
            Outcome.TOO_SMALL: quantity < max(steps.min_quantity, 1e-12) or quantity * price < least,
        }
        return next((outcome for outcome, objects in objections.items() if objects), Outcome.FILLED), quantity, stop

    def _quantity(self, lane: LaneState, row: int, price: float, stop: float) -> float:
        """The least of what risk, leverage, free margin, the instrument and a sizing rule allow, in whole lots."""
        sign, limits, costs = lane.signs[row], lane.config.limits, lane.config.costs
        leverage, fee = limits.max_leverage, costs.taker_fee_bps / 1e4
        bounds = [
            self.equity * leverage / price,
            self.free / (price * (1 / leverage + fee * (2 - sign / leverage))),
            lane.steps.max_quantity or math.inf,
        ]
        if limits.risk_per_trade is not None:
            bounds.append(self.equity * limits.risk_per_trade / abs(price - stop))
        filled = price * (1.0 if lane.kinds[row] is OrderKind.LIMIT else 1 + sign * costs.slippage_bps / 1e4)
        if limits.amount is not None:
            bounds.append(lane.amount(row, self.free) / price)
        margin = limits.fixed_margin
        if limits.cash_fraction is not None:
            margin = self.cash * limits.cash_fraction
        if margin is not None:
            bounds.append(min(margin, self.free) * leverage / filled if min(margin, self.free) >= 1 else 0.0)
        return whole(min(bounds), lane.steps.quantity_increment)
