"""The state of the exchange as one account has it: prices, its money, orders and positions, and what it has to tell.

Accounts beside each other share the markets and the moment and nothing else.

Pure and synchronous: it is told the instant and the requests, knows no socket and no clock, and
gives the same fills for the same requests. Modules beside it change it: ``order_entry``,
``order_changes``, ``position_changes`` on request, ``walking`` as time passes, ``fills`` and
``protection`` as a consequence of both.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.coarse_bars import CoarseBars
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.funding_model import FundingModel
from trading_pipeline.exchange_simulator.funding_schedule import FundingSchedule
from trading_pipeline.exchange_simulator.intervals import Interval
from trading_pipeline.exchange_simulator.orders import ZERO, Order, OrderStore
from trading_pipeline.exchange_simulator.orders import Terms as OrderTerms
from trading_pipeline.exchange_simulator.position_book import SHORT, PositionBook
from trading_pipeline.exchange_simulator.positions import Position
from trading_pipeline.exchange_simulator.price_walk import Moment, PriceWalk
from trading_pipeline.exchange_simulator.reference_prices import Basis
from trading_pipeline.exchange_simulator.rejections import unknown_symbol
from trading_pipeline.exchange_simulator.risk_tiers import risk_tiers

Payload = dict[str, object]
Change = dict[str, str]
"""A change of positions that was asked for, as the request named it."""
DEFAULT_LEVERAGE = Decimal(10)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the account starts with and what its orders meet; fees are the instruments'.

    :param balance: initial USDT.
    :param slippage_bps: basis points by which market orders and stops fill worse than the best price.
    :param half_spread_ticks: the best price is this many ticks worse than the last one; the realistic profile, and
        the book that is shown, have one at least.
    :param profile: how kind the market is.
    :param latency_ms: mean time that a request about an order is on its way to the market; 0 is none.
    :param seed: of what is modelled beside the bars.
    :param funding_rate: share of notional that longs pay shorts at every settlement without a recorded rate; the
        realistic profile takes it for the interest part, the most that they pay.
    :param funding_interval_hours: between settlements, counted from midnight UTC.
    :param run_id: enters every generated id, so that two runs of the exchange never share one.
    """

    balance: Decimal = Decimal(10_000)
    slippage_bps: Decimal = ZERO
    half_spread_ticks: int = 0
    funding_rate: Decimal = Decimal("0.0001")
    funding_interval_hours: int = 8
    run_id: str = "simulated"
    profile: ExecutionProfile = ExecutionProfile.IDEAL
    seed: int = 0
    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class Push:
    """One message for the private stream: a topic and its data at that moment."""

    topic: str
    at_ms: int
    data: Payload


@dataclass(frozen=True, slots=True)
class Execution:
    """One entry of the account's trade history.

    :param kind: ``Trade``, ``Funding`` or ``BustTrade``.
    :param closed: quantity of the position that it closed.
    :param realised: profit of the closed part before fees, USDT.
    :param fee: USDT, negative when received.
    :param open_fee: what opening the closed part took in fees, USDT.
    """

    execution_id: str
    sequence: int
    order: Order
    kind: str
    quantity: Decimal
    price: Decimal
    closed: Decimal
    realised: Decimal
    fee: Decimal
    fee_rate: Decimal
    is_maker: bool
    leaves: Decimal
    at_ms: int
    open_fee: Decimal = ZERO

    @property
    def closing_fee(self) -> Decimal:
        """The part of the fee that closing took, USDT."""
        return self.fee * self.closed / self.quantity


class Account:
    """Money of the account in USDT; ``wallet`` holds everything but unrealised profit."""

    __slots__ = (
        "away_cancels",
        "away_window_s",
        "fees",
        "funding",
        "margin_mode",
        "on_the_way",
        "realised",
        "sent",
        "wallet",
    )

    def __init__(self, wallet: Decimal) -> None:
        self.wallet = wallet
        self.realised = ZERO
        self.fees = ZERO
        self.funding = ZERO
        self.margin_mode = "REGULAR_MARGIN"
        # After so many wall seconds without a connection that asked for it orders are cancelled; None never.
        self.away_window_s: int | None = None
        # Whether such a connection is there, or has gone and its time is not over.
        self.away_cancels = False
        # Requests that were on their way so far: the next one's delay is drawn by it.
        self.sent = 0
        # Changes of positions that have not reached them yet, each with the instant (UTC ms) at which it does.
        self.on_the_way: list[tuple[int, Change]] = []

    @property
    def isolated(self) -> bool:
        """Whether each position stands for itself with its own margin, instead of all with all that is there."""
        return self.margin_mode == "ISOLATED_MARGIN"


class Market:
    """One tradable symbol: its contract, its path, the last price, and funding rates that were recorded."""

    __slots__ = (
        "_coarse",
        "_last",
        "_last_of",
        "_references",
        "basis",
        "instrument",
        "moment",
        "recorded_funding",
        "tiers",
        "walk",
    )

    def __init__(
        self,
        instrument: Instrument,
        walk: PriceWalk,
        moment: Moment,
        recorded_funding: Mapping[int, Decimal] | None = None,
        basis: Mapping[str, Basis] | None = None,
    ) -> None:
        """
        :param moment: of the exchange, by which the market knows where its price is.
        :param recorded_funding: UTC milliseconds to rate.
        :param basis: of ``mark`` and ``index``; the last price where there is none.
        """
        self.basis = basis or {}
        self._references: dict[str, tuple[tuple[int, Decimal], Decimal]] = {}
        self.instrument = instrument
        self.tiers = risk_tiers(instrument.symbol, instrument.max_leverage)
        """Of the contract, lowest first."""
        self.recorded_funding = recorded_funding or {}
        self.walk = walk
        self.moment = moment
        self._last = ZERO
        # The moment that the price belongs to: it is looked up again only when time has gone on.
        self._last_of = (-1, False)
        # Where the coarser bars of years of base bars begin is looked up when somebody first asks.
        self._coarse: dict[str, CoarseBars] = {}

    @property
    def last(self) -> Decimal:
        """The last price in quote currency."""
        here = (self.moment.now_ms, self.moment.opened)
        if here != self._last_of:
            self._last, self._last_of = self.walk.price_at(here[0], opened=here[1]), here
        return self._last

    @last.setter
    def last(self, price: Decimal) -> None:
        """Put the price somewhere else for as long as the moment lasts."""
        self._last, self._last_of = price, (self.moment.now_ms, self.moment.opened)

    @property
    def mark(self) -> Decimal:
        """The price (quote currency) that margins and unrealised profit are counted by."""
        return self._reference("mark")

    @property
    def index(self) -> Decimal:
        """The index price in quote currency."""
        return self._reference("index")

    def _reference(self, kind: str) -> Decimal:
        basis = self.basis.get(kind)
        if basis is None:
            return self.last
        # Margins ask several times at every corner of a path.
        here = (self.moment.now_ms, self.last)
        known = self._references.get(kind)
        if known is not None and known[0] == here:
            return known[1]
        price = self.instrument.round_price(here[1] * (1 + basis(here[0])))
        self._references[kind] = (here, price)
        return price

    def last_at(self, level: Decimal, trigger_by: str, begin_ms: int) -> Decimal:
        """Where the last price stands when the one that a trigger watches is at ``level``, both quote currency.

        :param trigger_by: ``LastPrice``, ``MarkPrice`` or ``IndexPrice``; empty for what rests at its own price.
        :param begin_ms: UTC ms of the corner before. By the distance between the two prices there until the next one:
            how often a walk stands in between changes nothing.
        """
        basis = self.basis.get(trigger_by.removesuffix("Price").lower())
        return level if basis is None else level / (1 + basis(begin_ms))

    @property
    def pinned(self) -> Decimal | None:
        """The price where it was looked up or put at this very moment, else ``None``."""
        return self._last if self._last_of == (self.moment.now_ms, self.moment.opened) else None

    def series(self, interval: Interval) -> BarSeries | CoarseBars:
        """Bars of the interval, which base bars can make up."""
        base = self.walk.series
        if interval.step_ms == base.step_ms:
            return base
        if interval.name not in self._coarse:
            self._coarse[interval.name] = CoarseBars(base.base_of(interval.step_ms), interval)
        return self._coarse[interval.name]


class Exchange:
    """See the module's docstring. Instants are UTC milliseconds."""

    def __init__(
        self, markets: dict[str, Market], terms: Terms, moment: Moment, beside: "Exchange | None" = None
    ) -> None:
        """
        :param moment: the one by which the markets know their prices.
        :param beside: another account's, in whose markets this one trades too.
        """
        self.markets = markets
        self.terms = terms
        self.moment = moment
        self.account = Account(terms.balance)
        self.accounts: list[Exchange] = [] if beside is None else beside.accounts
        """Every account that trades in these markets, this one among them."""
        self.accounts.append(self)
        self.funding = {
            symbol: FundingSchedule(
                terms.funding_rate, terms.funding_interval_hours, market.recorded_funding, _funding_model(terms, symbol)
            )
            for symbol, market in markets.items()
        }
        self.orders = OrderStore()
        self.positions = PositionBook(markets, DEFAULT_LEVERAGE, moment.now_ms)
        self.executions: list[Execution] = []
        self.pushes: list[Push] = []
        self.liquidity: Callable[[Order], Decimal] = _all_of_it
        self.suspended: set[str] = set() if beside is None else beside.suspended
        self.changes = 0
        """Private messages and requests on their way so far: no change of the account is without one of them."""
        self.arrives_ms = 0
        """When (UTC ms) the last request on its way reaches the market, or did."""
        self.sequence = 0
        # Paths turn at a third, two thirds and the end of a bar, wherever there are bars of that length.
        self._grids = {(one.step_ms, one.first_ms % one.step_ms) for one in (m.walk.series for m in markets.values())}
        self._funding_ms = moment.now_ms

    @property
    def now_ms(self) -> int:
        """The instant, UTC milliseconds."""
        return self.moment.now_ms

    @property
    def funding_is_due(self) -> bool:
        """Whether funding falls due in some market exactly now, as the walk arrives."""
        return self._funding_ms == self.now_ms

    @property
    def bars_may_open(self) -> bool:
        """Whether a bar opens exactly now in some market, if it has one there."""
        return any((self.now_ms - phase_ms) % step_ms == 0 for step_ms, phase_ms in self._grids)

    def next_stop_ms(self) -> int:
        """The nearest instant (UTC ms) after now at which a path may turn, a bar open, or funding fall due."""
        return min(self.next_funding_ms(), *(_corner_after(self.now_ms, *grid) for grid in self._grids))

    def next_funding_ms(self) -> int:
        """The nearest instant (UTC ms) after now at which funding falls due in some market."""
        if self._funding_ms <= self.now_ms:
            self._funding_ms = min(schedule.next_after(self.now_ms) for schedule in self.funding.values())
        return self._funding_ms

    def market(self, symbol: str) -> Market:
        """The market of a symbol.

        :raises Rejection: the symbol is not traded here.
        """
        if symbol not in self.markets:
            raise unknown_symbol(symbol)
        return self.markets[symbol]

    def contract(self, order: Order) -> Instrument:
        """What the order trades."""
        return self.markets[order.terms.symbol].instrument

    def next_sequence(self) -> int:
        """A number that only ever grows."""
        self.sequence += 1
        return self.sequence

    def new_id(self, kind: str, number: int) -> str:
        """An id in the venue's form (a UUID), unique over kinds, numbers and runs."""
        # Not random, so that a replay gives the same ids; not only a number, so that no two runs share one.
        digits = hashlib.sha256(f"{self.terms.run_id}|{kind}|{number}".encode()).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"

    def push(self, topic: str, data: Payload) -> None:
        """Queue a private message."""
        self.changes += 1
        self.pushes.append(Push(topic, self.now_ms, data))

    def take_pushes(self) -> list[Push]:
        """Hand over what is queued."""
        taken, self.pushes = self.pushes, []
        return taken

    def unrealised(self) -> Decimal:
        """Unrealised profit of all positions at mark prices, USDT."""
        return sum((p.unrealised(self.markets[p.symbol].mark) for p in self.open_positions()), ZERO)

    def open_positions(self) -> list[Position]:
        """Positions that are not flat."""
        return [position for position in self.positions if not position.flat]

    def equity(self) -> Decimal:
        """Wallet and unrealised profit, USDT."""
        return self.account.wallet + self.unrealised()

    def position_margin(self) -> Decimal:
        """What all positions bind of the available balance, USDT: by their entries, as the backtest counts it."""
        return sum((position.initial_margin() for position in self.open_positions()), ZERO)

    def order_margin(self) -> Decimal:
        """Initial margin bound by resting orders that would open something, USDT."""
        return sum((self.margin_of(order) for order in self.orders.active()), ZERO)

    def margin_of(self, order: Order) -> Decimal:
        """Margin that one resting order binds; none while it is conditional or only reduces."""
        terms, price = order.terms, order.terms.price
        # A market order rests nowhere: it binds something only while it is on its way.
        if price is None and order.unseen:
            price = self.markets[terms.symbol].last
        if price is None or terms.reduce_only or order.conditional:
            return ZERO
        return self.opening_margin(terms, order.leaves, price)

    def opening_margin(self, terms: OrderTerms, quantity: Decimal, price: Decimal) -> Decimal:
        """Margin of the part of an order that opens or adds to a position, USDT."""
        position = self.positions.of(terms)
        opening = max(ZERO, quantity - position.reducible(terms.sign))
        return opening * price / self.agreed_leverage(position)

    def agreed_leverage(self, position: Position) -> Decimal:
        """Of a position once everything that is on its way has arrived: by it new orders are judged."""
        name = "sellLeverage" if position.index == SHORT else "buyLeverage"
        asked = (change for _, change in reversed(self.account.on_the_way) if change["symbol"] == position.symbol)
        return next((Decimal(change[name]) for change in asked if name in change), position.leverage)

    def available(self) -> Decimal:
        """USDT free for new margin, never negative."""
        return max(ZERO, self.equity() - self.position_margin() - self.order_margin())


def _funding_model(terms: Terms, symbol: str) -> FundingModel | None:
    """What rates are where none are recorded; the constant one under the ideal profile."""
    if terms.profile is ExecutionProfile.IDEAL:
        return None
    return FundingModel(symbol, terms.seed, terms.funding_rate)


def _all_of_it(order: Order) -> Decimal:
    """Every order fills whole."""
    return order.leaves


def _corner_after(now_ms: int, step_ms: int, phase_ms: int) -> int:
    """The next end of a third of a bar."""
    inside = (now_ms - phase_ms) % step_ms
    third = step_ms // 3
    return now_ms - inside + next(turn for turn in (third, 2 * third, step_ms) if turn > inside)
