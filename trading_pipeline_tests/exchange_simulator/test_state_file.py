"""What is kept over a restart: the account goes on as if there had been none."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from pybit.unified_trading import HTTP

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.payloads.positions import position_payload
from trading_pipeline.exchange_simulator.payloads.private import execution_payload, order_payload
from trading_pipeline.exchange_simulator.payloads.wallet import wallet_push
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.state_file import StateFile
from trading_pipeline.exchange_simulator.walking import account_events, advance
from trading_pipeline_tests.exchange_simulator import test_invariants as invariants
from trading_pipeline_tests.exchange_simulator.builders import STEP_MS, an_exchange, order
from trading_pipeline_tests.exchange_simulator.conftest import Start, pybit_client
from trading_pipeline_tests.exchange_simulator.conftest import advance as step

WORLD = {"bars": "seed 7"}
SEEDED = Configuration(symbols=("BTCUSDT",), seed=7, start=datetime(2025, 11, 1, tzinfo=UTC), lock_step=Timeframe.M15)
Session = list[tuple[invariants.Ohlc, list[tuple[Callable[..., object], dict[str, str]]]]]


def shown(exchange: Exchange) -> list[object]:
    """All that a client can see of the account, and the prices."""
    return [
        exchange.now_ms,
        [order_payload(one) for one in exchange.orders.newest_first()],
        [execution_payload(one, one.price) for one in exchange.executions],
        [position_payload(exchange, one) for one in exchange.positions],
        wallet_push(exchange),
        {symbol: market.last for symbol, market in exchange.markets.items()},
    ]


def restarted(exchange: Exchange, session: Session, folder: Path) -> Exchange:
    """Another exchange on the same bars that has read what this one wrote."""
    path = folder / "state"
    written = StateFile(path, WORLD)
    written.save(exchange, exchange.now_ms)
    written.close()
    read = StateFile(path, WORLD)
    assert read.place is not None
    other = an_exchange(*(bar for bar, _ in session), balance=exchange.terms.balance, run_id=read.place.run_id)
    other.moment.move(read.place.now_ms)
    read.restore(other)
    read.close()
    return other


def play(session: Session, stop_after: int, folder: Path) -> Exchange:
    """Requests and quarters of bars in turn; restarts after so many of them."""
    exchange = an_exchange(*(bar for bar, _ in session), balance=Decimal(500))
    done = 0
    for _, asked in session:
        for act, request in [*asked, *[(quarter, {})] * 4]:
            with suppress(Rejection):
                act(exchange, {"category": "linear", "symbol": "BTCUSDT"} | request)
            done += 1
            if done == stop_after:
                exchange = restarted(exchange, session, folder)
    return exchange


def quarter(exchange: Exchange, _: object) -> None:
    advance(exchange, exchange.now_ms + STEP_MS // 4)


@settings(max_examples=60, deadline=None)
@given(invariants.sessions, st.integers(1, 40))
def test_an_exchange_that_was_restarted_anywhere_is_one_that_was_not(session: Session, stop_after: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert shown(play(session, stop_after, Path(folder))) == shown(play(session, 0, Path(folder)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3))
def test_the_walk_goes_on_from_an_account_event(stop_at: int) -> None:
    """A target, the stop that was moved after it, and an entry: the restart comes between two of them."""
    session: Session = [((100, 106, 94, 101), []), ((101, 101, 90, 92), [])]
    ends = []
    with tempfile.TemporaryDirectory() as folder:
        for restart in (-1, stop_at):
            exchange = an_exchange(*(bar for bar, _ in session))
            order(exchange, "Buy", "2", stopLoss="95")
            order(exchange, "Sell", "1", price=105, reduceOnly="true")
            order(exchange, "Sell", "1", price=106)
            until, number = exchange.now_ms + 2 * STEP_MS, 0
            while next(account_events(exchange, until), None) is not None:
                if number == restart:
                    exchange = restarted(exchange, session, Path(folder))
                number += 1
            ends.append(shown(exchange))
    assert ends[0] == ends[1]


def test_a_written_file_holds_what_happened_since(tmp_path: Path) -> None:
    """Written after every change, as a running exchange does, and read once."""
    session: Session = [((100, 106, 94, 101), [])]
    exchange, state = an_exchange(session[0][0]), StateFile(tmp_path / "state", WORLD)
    order(exchange, "Buy", "1", price=96)
    state.save(exchange, exchange.now_ms)
    order(exchange, "Sell", "1", price=105)
    state.save(exchange, exchange.now_ms)
    advance(exchange, exchange.now_ms + STEP_MS)
    state.save(exchange, exchange.now_ms)
    state.close()
    assert len(exchange.executions) == 2
    assert shown(restarted(exchange, session, tmp_path)) == shown(exchange)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"seed": 8}, "made with bars seed 7, this exchange has bars seed 8"),
        ({"balance": Decimal(1)}, "made with balance 10000, this exchange has balance 1"),
        ({"wall": True, "lock_step": None}, "made with time virtual, this exchange has time wall"),
    ],
)
def test_a_file_of_another_world_is_refused(tmp_path: Path, changes: dict[str, object], problem: str) -> None:
    kept = replace(SEEDED, state=tmp_path / "state")
    build(kept, "test").end()
    with pytest.raises(ConfigurationError, match=problem):
        build(replace(kept, **changes), "test")  # type: ignore[arg-type]


def test_a_file_of_another_version_and_one_of_something_else_are_refused(tmp_path: Path) -> None:
    kept = replace(SEEDED, state=tmp_path / "state")
    build(kept, "test").end()
    with closing(sqlite3.connect(tmp_path / "state", isolation_level=None)) as connection:
        connection.execute('UPDATE state SET content = replace(content, \'"version": "\', \'"version": "old\')')
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="made with version old"):
            build(kept, "test")
    (tmp_path / "letter").write_text("Dear exchange, I write to you because I have no other address. " * 20)
    with pytest.raises(ConfigurationError, match="letter cannot be used"):
        build(replace(SEEDED, state=tmp_path / "letter"), "test")


def test_a_file_belongs_to_one_exchange_at_a_time(tmp_path: Path) -> None:
    kept = replace(SEEDED, state=tmp_path / "state")
    first = build(kept, "test")
    with pytest.raises(ConfigurationError, match="database is locked"):
        build(kept, "test")
    first.end()
    build(kept, "test").end()


def test_a_restarted_exchange_has_its_clock_account_and_orders(start_exchange: Start, tmp_path: Path) -> None:
    """Another start and other symbols are asked for the second time: the file has its own, and they stay listed."""
    first = replace(SEEDED, state=tmp_path / "state")
    with_state = start_exchange(first)
    client = pybit_client(with_state)
    client.place_order(category="linear", symbol="BTCUSDT", side="Buy", orderType="Market", qty="0.01", stopLoss="1000")
    client.place_order(
        category="linear", symbol="BTCUSDT", side="Buy", orderType="Limit", qty="0.01", price="2000", orderLinkId="deep"
    )
    step(with_state)
    before = seen(client, with_state.rest_url)
    crashed = tmp_path / "crashed"
    for name in ("state", "state-wal"):
        # As a killed process leaves it: what has been answered is in the file although nobody has closed it.
        crashed.with_name(name.replace("state", "crashed")).write_bytes((tmp_path / name).read_bytes())
    later = SEEDED.start + timedelta(days=9) if SEEDED.start else None
    again = start_exchange(replace(first, state=crashed, symbols=("SOLUSDT",), start=later))
    assert seen(pybit_client(again), again.rest_url) == before
    assert step(again)["now"] == "2025-11-01T00:30:00+00:00"


def seen(client: HTTP, rest_url: str) -> list[object]:
    """Time, orders, position and wallet, as a client is told."""
    symbol = {"category": "linear", "symbol": "BTCUSDT"}
    return [
        requests.get(f"{rest_url}/simulator/status", timeout=5).json()["now"],
        client.get_open_orders(**symbol)["result"],
        client.get_executions(**symbol)["result"],
        client.get_positions(**symbol)["result"],
        client.get_wallet_balance(accountType="UNIFIED")["result"],
    ]
