"""Three days of trades at which what the matrix knows strikes, drawn by a seed.

``FAULT_SEED`` sets another, ``FAULT_COUNT`` fewer faults in as much less time, which is what looking for a cause takes.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.halts import HaltScope
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import TradePlan, plan_id_of
from trading_pipeline.domain.model.signals import Bias, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.request_faults import MALFORMED_FRAME
from trading_pipeline_tests.exchange_simulator.builders import Ohlc
from trading_pipeline_tests.fault_matrix import invariants
from trading_pipeline_tests.fault_matrix.account import SimulatedAccount, simulated_markets
from trading_pipeline_tests.fault_matrix.company import Feed
from trading_pipeline_tests.fault_matrix.story import Kill, Wire, attempt
from trading_pipeline_tests.fault_matrix.walk_faults import WalkFaults
from trading_pipeline_tests.testkit import execution_jobs
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, store_plan, trade_plan
from trading_pipeline_tests.testkit.fakes_market_data import ListStream
from trading_pipeline_tests.testkit.tripwire import Tripwire

SEED = int(os.environ.get("FAULT_SEED", "1"))
SYMBOLS = ("BTCUSDT", "SOLUSDT", "ADAUSDT")
FAULTS = int(os.environ.get("FAULT_COUNT", "500"))
WAVES = 3 * 96 * FAULTS // 500
AT_ONCE = 2
"""Armed at each wave; what finds nothing to strike waits for the next one."""
ROUNDS = 8
STRUCK = 3
"""Rounds in which faults strike; then a minute has passed, and whatever it was is over."""
SEEN_TWICE = STRUCK + 2
"""By then reconciliation has found twice what only a human can set right."""
KILLS = 0.2
"""Part of the rounds whose first job dies, or is terminated, before one of its calls to the venue or the ledger."""
FEED = 0.25
"""Part of the waves at which the feed dies, or is begun anew."""
CALLS = (
    "BybitTrading.set_leverage",
    "BybitTrading.submit",
    "BybitTrading.set_stop_loss",
    "BybitTrading.cancel",
    "BybitTrading.open_orders",
    "BybitTrading.positions",
    "PostgresLedger.apply_report",
    "PostgresLedger.apply_fill",
    "PostgresLedger.finish",
)


def walk_of(draw: random.Random) -> list[Ohlc]:
    """Bars of 5m to one decimal, from 100 on; a day more than is walked, should fewer faults strike."""
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(draw.randrange(10**6)).normal(0, 0.006, (WAVES + 96) * 3)))
    bars, before = [], 100.0
    for close in np.round(closes, 1).tolist():
        high, low = max(before, close) + 0.1, min(before, close) - 0.1
        bars.append((before, high, low, close))
        before = close
    return bars


@dataclass
class Walk:
    """Wave after wave, with something striking at each."""

    account: SimulatedAccount
    draw: random.Random
    faults: WalkFaults
    events: ListStream
    feed: Feed
    wires: list[Wire] = field(default_factory=list)

    def wave(self, close_time: datetime) -> None:
        """Plan, strike, and let the jobs do their work until nothing is left to do."""
        symbol = self.draw.choice(SYMBOLS)
        if symbol not in self._held():
            store_plan(self.account.database, self._plan(symbol, close_time))
        for _ in range(AT_ONCE):
            self.faults.strike(symbol)
        self._run(lambda: execution_jobs.manage(self.account, close_time, self._run_id()))
        self._settle(close_time)

    def _settle(self, where: object) -> None:
        for number in range(ROUNDS):
            if number == STRUCK:
                self.faults.end()
            if number == SEEN_TWICE:
                self._take_back()
            # While lookups are struck, too, an order that they deny may live; production believes them after 20 s.
            self.account.lookup_window_s = 3600.0 if number < STRUCK else 0.0
            self.account.end_leases()
            for job in (execution_jobs.execute, execution_jobs.follow, execution_jobs.reconcile):
                self._run(partial(job, self.account, self._run_id(), wire=self._wire(number)))
            if not (wrong := self._wrong()):
                return
        heard = [f"{subject}: {body}" for _, subject, body in self.account.postbox.messages[-6:]]
        raise AssertionError(f"seed {SEED}, {where}: {wrong}; heard {heard}; struck {dict(self.faults.struck)}")

    def _wire(self, number: int) -> Tripwire:
        if number or self.draw.random() > KILLS:
            return Tripwire()
        kill = Kill(self.draw.choice(CALLS), self.draw.choice((1, 2)), terminated=self.draw.random() < 0.5)
        wire = Wire(kill)
        self.wires.append(wire)
        return wire

    def _wrong(self) -> list[str]:
        asked = (
            invariants.sent_twice,
            invariants.naked,
            invariants.turning_around,
            invariants.in_flight,
            invariants.untraced,
            invariants.off_the_record,
        )
        return [found for ask in (*asked, invariants.otherwise_at_venue) for found in ask(self.account)]

    def _enough(self) -> bool:
        return self.faults.struck.total() >= FAULTS and self.faults.all_struck

    def _die_or_begin(self) -> None:
        """The feed dies at some waves, and after some it is there again, with nothing but what is stored."""
        if self.draw.random() < FEED:
            (self.feed.end if self.feed.alive else self.feed.begin)()

    def _held(self) -> set[str]:
        return {position.symbol for position in self.account.exchange.open_positions()}

    def _plan(self, symbol: str, close_time: datetime) -> TradePlan:
        price = self.account.exchange.markets[symbol].last
        bias = self.draw.choice((Bias.LONG, Bias.SHORT))
        distance = (price / 100).quantize(Decimal("0.1"))
        key = decision_key("walk", InstrumentId(f"{symbol}.BYBIT"), Timeframe.M15, close_time, bias)
        return replace(
            trade_plan(f"{symbol}.BYBIT", bias, close_time, strategy="walk"),
            instrument_id=InstrumentId(f"{symbol}.BYBIT"),
            plan_id=plan_id_of(key),
            entry_price=price,
            stop_price=price - distance if bias is Bias.LONG else price + distance,
        )

    def _run(self, job: Callable[[], object]) -> None:
        attempt(job)

    def _run_id(self) -> str:
        return str(uuid4())

    def _take_back(self) -> None:
        """The human's part: what somebody bought on top of ours is sold again, once he was told of it."""
        at_venue, in_ledger = invariants.sizes(self.account)
        for symbol, size in at_venue.items():
            added = size - in_ledger.get(symbol, Decimal(0))
            if added:
                scope = HaltScope.of(ACCOUNT, InstrumentId(f"{symbol}.BYBIT"))
                assert scope in {halt.scope for halt in self.account.halts.halts()}, f"{symbol}: {added} and no halt"
                self.account.arm(
                    kind="trade_by_hand", symbol=symbol, side="Sell" if added > 0 else "Buy", qty=str(abs(added))
                )

    def let_entries_go_on(self) -> None:
        """The human's part: halts are lifted once venue and ledger agree."""
        for halt in self.account.halts.halts():
            self.account.halts.lift(halt.scope)

    def go(self) -> None:
        """All waves."""
        close_time = WAVE
        while close_time < WAVE + WAVES * timedelta(minutes=15) or not self._enough():
            self._die_or_begin()
            self.wave(close_time)
            self.let_entries_go_on()
            while (stand := self.account.advance()).event or not Timeframe.M15.closes_at(stand.now):
                if stand.event:
                    self._run(lambda: execution_jobs.follow(self.account, self._run_id()))
                    self._settle(stand.now)
            close_time = stand.now
        self._run(lambda: execution_jobs.manage(self.account, close_time, self._run_id()))
        self._settle("the end")
        assert invariants.unsent(self.account) == []


@contextmanager
def walked(database: Engine) -> Iterator[Walk]:
    draw = random.Random(SEED)
    with simulated_markets(database, {symbol: walk_of(draw) for symbol in SYMBOLS}) as account:
        events = ListStream()
        feed = Feed(account, events)
        walk = Walk(account, draw, WalkFaults(account, draw, SYMBOLS, feed), events, feed)
        walk.feed.begin()
        try:
            yield walk
        finally:
            walk.feed.end()


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_five_hundred_faults_in_three_days_leave_the_account_sound(module_database: Engine) -> None:
    with walked(module_database) as walk:
        walk.go()
        died = sum(wire.struck for wire in walk.wires)
        closed = invariants.rows(walk.account, "SELECT 1 FROM trading.positions WHERE status = 'closed'")
        struck = walk.faults.struck
        told = f"seed {SEED}: {dict(struck)}, {died} runs died, {len(closed)} trades"
        assert {payload for _, payload, _ in walk.events.dead} == {MALFORMED_FRAME}, told
        assert len(walk.events.published) > len(closed), told
        assert died > WAVES * KILLS / 4, told
        assert len(closed) > WAVES / 10, told
        print(told)  # noqa: T201 - what a person who runs the walk by hand wants to see
