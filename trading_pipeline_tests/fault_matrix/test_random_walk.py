"""Three days of trades at which what the matrix knows strikes, drawn by a seed: ``FAULT_SEED`` sets another."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import numpy as np
import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import TradePlan, plan_id_of
from trading_pipeline.domain.model.signals import Bias, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.exchange_simulator.builders import Ohlc
from trading_pipeline_tests.fault_matrix import invariants
from trading_pipeline_tests.fault_matrix.account import SimulatedAccount, simulated_markets
from trading_pipeline_tests.fault_matrix.scenarios import LONG, SCENARIOS
from trading_pipeline_tests.fault_matrix.story import Kill, Wire, attempt
from trading_pipeline_tests.testkit import execution_jobs
from trading_pipeline_tests.testkit.execution_lab import WAVE, store_plan, trade_plan
from trading_pipeline_tests.testkit.tripwire import Tripwire

SEED = int(os.environ.get("FAULT_SEED", "1"))
SYMBOLS = ("BTCUSDT", "SOLUSDT", "ADAUSDT")
DAYS = 3
WAVES = DAYS * 96
FAULTS = 500
AT_ONCE = 2
"""Armed at each wave; what finds nothing to strike waits for the next one."""
ROUNDS = 8
STRUCK = 3
"""Rounds in which faults strike; then a minute has passed, and whatever it was is over."""
KILLS = 0.2
"""Part of the rounds whose first job dies, or is terminated, before one of its calls to the venue or the ledger."""
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
# A person's doing that another person has to undo, and what stands until somebody ends it.
_NOT_DRAWN = {"trade_by_hand", "suspend", "clock_skew"}
DRAWN = [
    fault
    for scenario in SCENARIOS
    for fault in scenario.faults
    if fault["kind"] not in _NOT_DRAWN and fault.get("count") != LONG and fault.get("symbol") != ""
]


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
    struck: Counter[str] = field(default_factory=Counter)
    wires: list[Wire] = field(default_factory=list)
    runs: int = 0

    def wave(self, close_time: datetime) -> None:
        """Plan, strike, and let the jobs do their work until nothing is left to do."""
        symbol = self.draw.choice(SYMBOLS)
        if symbol not in self._held():
            store_plan(self.account.database, self._plan(symbol, close_time))
        for _ in range(AT_ONCE):
            self._strike()
        self._run(lambda: execution_jobs.manage(self.account, close_time, self._run_id()))
        self._settle(close_time)

    def _settle(self, where: object) -> None:
        for number in range(ROUNDS):
            if number == STRUCK:
                self._end_of_faults()
            # While lookups are struck, too, an order that they deny may live; production believes them after 20 s.
            self.account.lookup_window_s = 3600.0 if number < STRUCK else 0.0
            self.account.end_leases()
            for job in (execution_jobs.execute, execution_jobs.follow, execution_jobs.reconcile):
                self._run(partial(job, self.account, self._run_id(), wire=self._wire(number)))
            if not (wrong := self._wrong()):
                return
        heard = [f"{subject}: {body}" for _, subject, body in self.account.postbox.messages[-6:]]
        raise AssertionError(f"seed {SEED}, {where}: {wrong}; heard {heard}; struck {dict(self.struck)}")

    def _end_of_faults(self) -> None:
        """A minute later whatever it was is over; what has not struck by then is not counted."""
        self.struck["left over"] -= sum(fault.remaining for fault in self.account.faults.armed)
        self.account.disarm()

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
        )
        return [found for ask in (*asked, invariants.otherwise_at_venue) for found in ask(self.account)]

    def _strike(self) -> None:
        fault = {"symbol": self.draw.choice(SYMBOLS), **self.draw.choice(DRAWN)}
        if fault["kind"] in ("cancel_stop", "adl", "liquidation"):
            # to a position something can happen only where there is one
            open_ = self.account.exchange.open_positions()
            held = [one.symbol for one in open_ if one.stop_loss or fault["kind"] != "cancel_stop"]
            if not held:
                return
            fault["symbol"] = self.draw.choice(held)
        self.account.arm(**fault)
        self.struck[str(fault["kind"])] += int(str(fault.get("count", 1)))

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
        self.runs += 1
        return f"run-{self.runs}"

    def let_entries_go_on(self) -> None:
        """The human's part: halts are lifted once venue and ledger agree."""
        for halt in self.account.halts.halts():
            self.account.halts.lift(halt.scope)

    def go(self) -> None:
        """All waves."""
        close_time = WAVE
        while close_time < WAVE + timedelta(days=DAYS) or sum(self.struck.values()) < FAULTS:
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
        yield Walk(account, draw)


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_five_hundred_faults_in_three_days_leave_the_account_sound(module_database: Engine) -> None:
    with walked(module_database) as walk:
        walk.go()
        died = sum(wire.struck for wire in walk.wires)
        closed = invariants.rows(walk.account, "SELECT 1 FROM trading.positions WHERE status = 'closed'")
        told = f"seed {SEED}: {dict(walk.struck)}, {died} runs died, {len(closed)} trades"
        assert sum(walk.struck.values()) >= FAULTS, told
        assert set(walk.struck) - {"left over"} == {str(fault["kind"]) for fault in DRAWN}, told
        assert died > WAVES * KILLS / 4, told
        assert len(closed) > DAYS * 10, told
        print(told)  # noqa: T201 - what a person who runs the walk by hand wants to see
