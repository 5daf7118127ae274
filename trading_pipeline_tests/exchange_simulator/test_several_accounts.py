"""Accounts that trade in the same markets and have nothing else in common."""

import queue
from collections.abc import Callable
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path

import pybit.unified_trading
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import WebSocket

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.configuration import AnotherAccount
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.position_mode import switch_mode
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.server import Addresses, Keys, running_exchange
from trading_pipeline_tests.exchange_simulator.builders import FLAT, Ohlc, an_exchange, order, told, walk
from trading_pipeline_tests.exchange_simulator.conftest import LOCK_STEP, Start, pybit_client, wait_for_subscription
from trading_pipeline_tests.exchange_simulator.test_invariants import ohlc, vars_of
from trading_pipeline_tests.exchange_simulator.test_invariants import requests as account_requests

BTC = {"category": "linear", "symbol": "BTCUSDT"}
Asked = tuple[int, tuple[Callable[..., object], dict[str, str]]]
Session = list[tuple[Ohlc, list[Asked]]]
indices = st.sampled_from(["0", "1", "2"])
asked = st.tuples(st.integers(0, 2), account_requests, indices).map(
    lambda parts: (parts[0], (parts[1][0], {**parts[1][1], "positionIdx": parts[2]}))
)
sessions = st.lists(st.tuples(ohlc(), st.lists(asked, max_size=6)), min_size=1, max_size=10)


def beside(exchange: Exchange, name: str) -> Exchange:
    """Another account in the same markets."""
    terms = replace(exchange.terms, run_id=f"test.{name}")
    return Exchange(exchange.markets, terms, exchange.moment, beside=exchange)


def play(session: Session, acting: tuple[int, ...] = (0, 1, 2)) -> list[Exchange]:
    """Three accounts, the last one in hedge mode; only those named act."""
    first = an_exchange(*(bar for bar, _ in session), balance=Decimal(500))
    accounts = [first, beside(first, "second"), beside(first, "third")]
    switch_mode(accounts[2], BTC | {"mode": "3"})
    for _, all_asked in session:
        for number, (act, request) in all_asked:
            if number in acting:
                try:
                    act(accounts[number], BTC | request)
                except Rejection:
                    continue
        walk(first)
    return accounts


@settings(max_examples=80, deadline=None)
@given(sessions)
def test_the_money_of_every_account_reconciles(session: Session) -> None:
    for exchange in play(session):
        account = exchange.account
        assert account.wallet == exchange.terms.balance + account.realised - account.fees - account.funding
        trades = [one for one in exchange.executions if one.kind != "Funding"]
        for position in exchange.positions:
            mine = [one for one in trades if one.order.terms.position_index == position.index]
            assert position.size == sum((one.quantity * one.order.terms.sign for one in mine), Decimal(0))
        cash = sum((one.quantity * one.order.terms.sign * one.price for one in trades), Decimal(0))
        held = sum((one.size for one in exchange.positions), Decimal(0)) * exchange.markets["BTCUSDT"].last
        from_trades = exchange.terms.balance - cash + held - account.fees - account.funding
        assert abs(exchange.equity() - from_trades) < Decimal("1e-15")


@settings(max_examples=60, deadline=None)
@given(sessions, st.integers(0, 2))
def test_what_others_do_changes_nothing_for_an_account(session: Session, number: int) -> None:
    among, alone = play(session)[number], play(session, (number,))[number]
    assert [vars_of(one) for one in among.executions] == [vars_of(one) for one in alone.executions]
    assert among.equity() == alone.equity()


@settings(max_examples=60, deadline=None)
@given(sessions)
def test_a_long_is_never_short_and_a_short_never_long(session: Session) -> None:
    long, short = play(session)[2].positions.shown("BTCUSDT")
    assert long.size >= 0 >= short.size


def test_accounts_fill_in_the_order_in_which_the_price_comes_by() -> None:
    first = an_exchange((100.0, 104.0, 99.0, 101.0))
    second = beside(first, "second")
    order(second, "Sell", "1", price=102)
    order(first, "Sell", "1", price=103)
    order(second, "Sell", "1", price=104)
    walk(first)
    instants = [(one.at_ms, one.price) for account in (first, second) for one in account.executions]
    assert [price for _, price in sorted(instants)] == [102, 103, 104]


def test_a_liquidation_takes_one_account_and_leaves_the_other() -> None:
    first = an_exchange((80.0, 80.0, 80.0, 80.0), balance=Decimal(1000))
    second = beside(first, "second")
    order(first, "Buy", "90")
    order(second, "Buy", "10")
    walk(first)
    assert [one.kind for one in first.executions] == ["Trade", "BustTrade"]
    assert not second.positions["BTCUSDT"].flat


def test_ids_of_two_accounts_are_never_the_same() -> None:
    first = an_exchange(FLAT)
    second = beside(first, "second")
    assert order(first, "Buy", "1").order_id != order(second, "Buy", "1").order_id
    assert told(first.executions) == told(second.executions)
    assert first.executions[0].execution_id != second.executions[0].execution_id


BESIDE = replace(LOCK_STEP, symbols=("BTCUSDT",), others=(AnotherAccount("second", Decimal(500)),))


def keys(venue: Addresses, key: Keys) -> Addresses:
    """The same exchange, reached as another account."""
    return replace(venue, **asdict(key))


def test_each_key_sees_its_own_wallet_positions_and_messages(
    start_exchange: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = start_exchange(BESIDE)
    other = keys(venue, venue.others[0])
    monkeypatch.setattr(pybit.unified_trading, "PRIVATE_WSS", venue.private_ws_url)
    heard: queue.Queue[dict[str, object]] = queue.Queue()
    stream = WebSocket(testnet=False, channel_type="private", api_key=other.api_key, api_secret=other.api_secret)
    try:
        stream.execution_stream(heard.put)
        wait_for_subscription(venue, "execution")
        first, second = pybit_client(venue), pybit_client(other)
        market = BTC | {"orderType": "Market", "qty": "0.002"}
        first.place_order(**market, side="Buy", orderLinkId="same")
        second.place_order(**market, side="Sell", orderLinkId="same")
        [mine] = heard.get(timeout=5)["data"]  # type: ignore[misc]
        assert mine["side"] == "Sell"
        assert heard.empty()
        shown = [client.get_positions(**BTC)["result"]["list"][0]["side"] for client in (first, second)]
        assert shown == ["Buy", "Sell"]
        wallets = [client.get_wallet_balance(accountType="UNIFIED")["result"]["list"][0] for client in (first, second)]
        assert [round(float(wallet["totalWalletBalance"])) for wallet in wallets] == [10_000, 500]
        assert second.get_api_key_information()["result"]["userID"] == int(other.account_id)
    finally:
        stream.exit()


def test_a_key_does_not_sign_for_another_account(start_exchange: Start) -> None:
    venue = start_exchange(BESIDE)
    forged = replace(venue, api_key=venue.others[0].api_key)
    with pytest.raises(InvalidRequestError) as caught:
        pybit_client(forged).get_wallet_balance(accountType="UNIFIED")
    assert caught.value.status_code == 10004


def test_a_fault_hits_the_account_it_names(start_exchange: Start) -> None:
    venue = start_exchange(BESIDE)
    other = keys(venue, venue.others[0])
    fault = {"kind": "reject", "path": "/v5/account/info", "account": other.account_id, "ret_code": 10016}
    requests.post(f"{venue.rest_url}/simulator/faults", json=fault, timeout=5).raise_for_status()
    pybit_client(venue).get_account_info()
    with pytest.raises(InvalidRequestError):
        pybit_client(other).get_account_info()


def test_accounts_survive_a_restart_together(tmp_path: Path) -> None:
    kept = replace(BESIDE, state=tmp_path / "state")
    for expected in (0, 1):
        with running_exchange(kept) as venue:
            second = pybit_client(keys(venue, venue.others[0]))
            assert len(second.get_executions(**BTC)["result"]["list"]) == expected
            if not expected:
                second.switch_position_mode(category="linear", symbol="BTCUSDT", mode=3)
                second.place_order(**BTC, side="Sell", orderType="Market", qty="0.002", positionIdx=2)
            assert pybit_client(venue).get_executions(**BTC)["result"]["list"] == []
    with pytest.raises(ConfigurationError, match="accounts"):
        build(replace(kept, others=()), "run")


@pytest.mark.parametrize("names", [("a", "a"), ("",)])
def test_accounts_have_names_of_their_own(names: tuple[str, ...]) -> None:
    others = tuple(AnotherAccount(name, Decimal(1)) for name in names)
    with pytest.raises(ConfigurationError, match="name each once"):
        build(replace(LOCK_STEP, others=others), "run")
