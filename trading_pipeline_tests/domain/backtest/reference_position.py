"""A position of the reference loop: its fills, its stop and its targets."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from trading_pipeline.domain.backtest.codes import LegKind, OrderKind
from trading_pipeline_tests.domain.backtest.reference_inputs import LaneState, nearest, whole


class Moment(NamedTuple):
    """Time of a fill, UTC ms, and the close of the path bar it is in."""

    ms: int
    bar_ms: int


class Fill(NamedTuple):
    """One entry, layer or exit; the quantity is positive."""

    kind: LegKind
    at: Moment
    quantity: float
    price: float
    fee: float


@dataclass
class Position:
    """From the first entry to flat.

    :param place: own bar after which the next-bar exit looks.
    :param stop: as it stands, put there by ``kind``; ``initial_stop`` is the tightest of the layers' own.
    :param runner: the runner's stop, remembered until no target is left.
    :param held: quantity; ``entered`` is what all layers brought.
    :param done: targets that are behind it; ``targets`` has place, price and part of the others.
    """

    lane: LaneState
    sign: int
    place: int
    stop: float
    initial_stop: float
    kind: LegKind = LegKind.STOP_LOSS
    runner: float = math.nan
    held: float = 0.0
    entered: float = 0.0
    average: float = 0.0
    margin: float = 0.0
    done: int = 0
    targets: list[tuple[int, float, float]] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    layers: int = 0
    gross: float = 0.0
    funding: float = 0.0
    drained: float = 0.0

    def lost_but(self, share: float) -> float:
        """The price at which a share of the entry notional is all that is left of the margin."""
        return self.average - self.sign * (self.margin / self.held - share * self.average)

    @property
    def levels(self) -> list[float]:
        """Prices of liquidation, stop and targets."""
        maintenance = self.lane.config.limits.maintenance_margin
        return [self.lost_but(maintenance), self.stop, *(price for _, price, _ in self.targets)]

    def enter(self, at: Moment, quantity: float, price: float, stop: float, order: OrderKind, free: float) -> float:
        """Take an entry or a layer: average, margin, the tighter stop, targets of the whole; the fee."""
        costs, resting = self.lane.config.costs, order is OrderKind.LIMIT
        price *= 1.0 if resting else 1 + self.sign * costs.slippage_bps / 1e4
        fee = quantity * price * (costs.maker_fee_bps if resting else costs.taker_fee_bps) / 1e4
        self.fills.append(Fill(LegKind.ADD if self.layers else LegKind.ENTRY, at, quantity, price, fee))
        self.average += (price - self.average) * quantity / (self.held + quantity)
        self.margin += min(quantity * price / self.lane.config.limits.max_leverage, max(free - fee, 0.0))
        self.held, self.entered, self.layers = self.held + quantity, self.entered + quantity, self.layers + 1
        self.initial_stop = self.sign * max(self.sign * self.initial_stop, self.sign * stop)
        self.tighten(stop, LegKind.STOP_LOSS)
        self._aim()
        self.follow()
        return fee

    def leave(self, at: Moment, quantity: float, price: float, kind: LegKind, rests: bool) -> float:
        """Fill an exit, at worst where the whole margin is lost; what the balance gains, fee paid."""
        costs, limit, forced = self.lane.config.costs, kind is LegKind.TAKE_PROFIT, kind is LegKind.LIQUIDATION
        price *= 1.0 if limit or forced else 1 - self.sign * costs.slippage_bps / 1e4
        price = self.sign * max(self.sign * price, self.sign * self.lost_but(0.0))
        gain = self.sign * quantity * (price - self.average)
        fee = quantity * price * (costs.maker_fee_bps if limit and rests else costs.taker_fee_bps) / 1e4
        fee = max(min(fee, gain + self.margin * quantity / self.held), 0.0) if forced else fee
        self.fills.append(Fill(kind, at, quantity, price, fee))
        self.gross += gain
        self.margin *= 1 - quantity / self.held
        self.held -= quantity
        return gain - fee

    def pay(self, amount: float, free: float) -> None:
        """Owe funding: out of the margin as far as the free balance does not do."""
        lacking = max(amount - max(free, 0.0), 0.0)
        self.margin, self.drained, self.funding = self.margin - lacking, self.drained + lacking, self.funding + amount

    def stalls(self, place: int) -> bool:
        """Whether the next-bar exit leaves at an own close; unknown momentum keeps the position."""
        momentum = self.lane.given.momentum
        if momentum is None or place != self.place + 1:
            return False
        rounding = 1e-12 * self.lane.given.bars.close[place]
        return bool(self.sign * (momentum[place] - momentum[self.place]) <= rounding)

    def tighten(self, stop: float, kind: LegKind) -> None:
        """Move the stop, but never away from the price."""
        if self.sign * (stop - self.stop) > 0:
            self.stop, self.kind = stop, kind

    def follow(self) -> None:
        """Put the stop where the targets that filled allow it."""
        if 0 < self.lane.config.exits.break_even_after_targets <= self.done:
            self.tighten(nearest(self.average, self.lane.steps.price_increment), LegKind.BREAK_EVEN)
        if not self.targets:
            self.tighten(self.runner, LegKind.TRAILING_STOP)

    def trail(self, close: float, now: int) -> None:
        """Tighten the runner's stop at a close."""
        stop = self.lane.runner(self.sign, close, now)
        if stop > 0 and not self.sign * (stop - self.runner) <= 0:
            self.runner = stop
        self.follow()

    def _aim(self) -> None:
        """Split what was entered; a part too small joins the next, and what filled stays filled."""
        steps, targets, self.targets, carried = self.lane.steps, self.lane.config.exits.targets, [], 0.0
        for place, target in enumerate(targets):
            share = carried + self.entered * target.fraction
            part = whole(share, steps.quantity_increment)
            carried = share if part <= 0 or part < steps.min_quantity else 0.0
            distance = target.distance * abs(self.average - self.initial_stop)
            price = nearest(self.average + self.sign * distance, steps.price_increment)
            rest = place == len(targets) - 1 and sum(one.fraction for one in targets) > 1 - 1e-9
            if not carried and place >= self.done and price > 0:
                self.targets.append((place, price, math.inf if rest else part))
