"""Every kind of fault, on a running exchange, as the client that trades lives through it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.adapters.venues.bybit.streams import BybitAccountStream
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    TemporaryVenueError,
    TradingError,
    TurnedAway,
)
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import InstrumentStatus
from trading_pipeline.domain.model.orders import IntentState, OrderIntent, OrderReport, OrderType, Purpose, Side
from trading_pipeline.domain.model.stream_updates import StreamReply, StreamUpdate
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.assembly import assemble, build
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.server import Addresses, running_venue
from trading_pipeline_tests.exchange_simulator.builders import FLAT, STEP_MS, Ohlc, a_series
from trading_pipeline_tests.exchange_simulator.conftest import walk_on
from trading_pipeline_tests.testkit.builders import ACCOUNT

INSTRUMENT = InstrumentId("BTCUSDT.BYBIT")
START = datetime(2025, 11, 1, tzinfo=UTC)
CREATE, CANCEL, POSITIONS = "/v5/order/create", "/v5/order/cancel", "/v5/position/list"
FALLING: tuple[Ohlc, ...] = (FLAT, (100, 100, 97, 98), (98, 98, 93, 94), *[(94.0, 96.0, 93.0, 94.0)] * 9)


@dataclass(frozen=True)
class Lab:
    """A venue that stands still, and our client of it."""

    addresses: Addresses

    def client(self, timeout_s: float = 2.0) -> BybitClient:
        return BybitClient(self.addresses.rest_url, self.addresses.api_key, self.addresses.api_secret, timeout_s, 1)

    def trading(self, timeout_s: float = 2.0) -> BybitTrading:
        return BybitTrading(self.client(timeout_s))

    def fault(self, kind: str, **details: object) -> None:
        answer = requests.post(f"{self.addresses.rest_url}/simulator/faults", json={"kind": kind, **details}, timeout=5)
        assert answer.status_code == 200, answer.text

    def state(self, link_id: str) -> OrderReport | None:
        return self.trading().order(INSTRUMENT, link_id)

    def enter(self, link_id: str = "entry", quantity: str = "1", stop: str | None = "95") -> None:
        self.trading().submit(an_order(link_id, quantity, stop_loss=stop))

    @contextmanager
    def stream(self) -> Iterator["Listener"]:
        """Our private stream, once both topics are subscribed to."""
        stream = BybitAccountStream(self.addresses.private_ws_url, self.addresses.api_key, self.addresses.api_secret)
        with connect(self.addresses.private_ws_url, close_timeout=0.3) as socket:
            listener = Listener(socket, stream)
            handshake = list(stream.handshake_messages())
            for message in handshake:
                socket.send(message)
            for _ in handshake:
                answer = listener.next()
                assert isinstance(answer, StreamReply)
                assert answer.success, answer
            yield listener


@dataclass(frozen=True)
class Listener:
    """What our private stream reads."""

    socket: ClientConnection
    stream: BybitAccountStream

    def next(self, timeout_s: float = 5.0) -> StreamReply | StreamUpdate:
        return self.stream.read(self.socket.recv(timeout=timeout_s))

    def fills(self, count: int) -> list[Fill]:
        found: list[Fill] = []
        while len(found) < count:
            update = self.next()
            found += update.fills if isinstance(update, StreamUpdate) else ()
        return found

    def reports(self, count: int) -> list[OrderReport]:
        found: list[OrderReport] = []
        while len(found) < count:
            update = self.next()
            found += update.reports if isinstance(update, StreamUpdate) else ()
        return found


def an_order(
    link_id: str,
    quantity: str = "1",
    *,
    side: Side = Side.BUY,
    price: str | None = None,
    stop_loss: str | None = None,
    purpose: Purpose = Purpose.ENTRY,
) -> OrderIntent:
    return OrderIntent(
        order_link_id=link_id,
        account_id=ACCOUNT,
        plan_id=link_id,
        purpose=purpose,
        instrument_id=INSTRUMENT,
        side=side,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        quantity=Decimal(quantity),
        price=None if price is None else Decimal(price),
        stop_loss=None if stop_loss is None else Decimal(stop_loss),
        reduce_only=purpose is not Purpose.ENTRY,
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
        run_id="run",
    )


@pytest.fixture
def lab() -> Iterator[Lab]:
    """BTCUSDT at 100, where it falls a little in every bar, in lock-step of 5m."""
    first_ms = int(START.timestamp() * 1000) - STEP_MS
    series: dict[str, BarSeries] = {"BTCUSDT": a_series([FLAT, *FALLING], first_ms)}
    configuration = Configuration(symbols=("BTCUSDT",), lock_step=Timeframe.M5, profile=ExecutionProfile.IDEAL)
    with running_venue(assemble(configuration, series, START, "test")) as addresses:
        yield Lab(addresses)


LOST = pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "drop_response"}, OrderOutcomeUnknown),
        ({"kind": "drop_request"}, OrderOutcomeUnknown),
        ({"kind": "http_500"}, OrderOutcomeUnknown),
        ({"kind": "http_500", "accepted": True}, OrderOutcomeUnknown),
        ({"kind": "html"}, OrderOutcomeUnknown),
        ({"kind": "html", "accepted": True}, OrderOutcomeUnknown),
        ({"kind": "ret_code_10000"}, OrderOutcomeUnknown),
        ({"kind": "ret_code_10000", "accepted": True}, OrderOutcomeUnknown),
        ({"kind": "ret_code_10016"}, OrderOutcomeUnknown),
        ({"kind": "reject", "ret_code": 110007}, OrderRejectedByVenue),
        ({"kind": "rate_limited"}, TurnedAway),
    ],
    ids=lambda given: "-".join(map(str, given.values())) if isinstance(given, dict) else "",
)


@LOST
def test_an_order_whose_answer_is_bad_exists_only_if_it_was_accepted(
    lab: Lab, fault: dict[str, object], error: type[TradingError]
) -> None:
    lab.fault(path=CREATE, **fault)  # type: ignore[arg-type]
    with pytest.raises(error):
        lab.enter()
    exists = fault["kind"] == "drop_response" or fault.get("accepted", False)
    assert (lab.state("entry") is not None) == exists
    lab.enter("next")
    assert lab.state("next") is not None


def test_an_order_that_meets_a_shut_door_does_not_exist(lab: Lab) -> None:
    lab.fault("http_403", path=CREATE)
    with pytest.raises(TurnedAway, match="for 10 minutes"):
        lab.enter()
    assert lab.state("entry") is None


def test_a_duplicate_that_is_refused_counts_as_acknowledged(lab: Lab) -> None:
    lab.fault("reject", path=CREATE, ret_code=110072, accepted=True)
    known = lab.trading().submit(an_order("entry"))
    found = lab.state("entry")
    assert found is not None
    assert known.venue_order_id == found.venue_order_id


def test_a_limit_that_is_used_up_says_until_when(lab: Lab) -> None:
    lab.fault("rate_limited", path=CREATE)
    with pytest.raises(TurnedAway) as caught:
        lab.enter()
    assert 0 < caught.value.retry_after_s <= 1


@pytest.mark.parametrize(("fault", "exists"), [({"kind": "slow", "seconds": 3}, True), ({"kind": "half_open"}, False)])
def test_an_answer_that_does_not_come_in_time_proves_nothing(lab: Lab, fault: dict[str, object], exists: bool) -> None:
    lab.fault(path=CREATE, **fault)  # type: ignore[arg-type]
    with pytest.raises(OrderOutcomeUnknown):
        lab.trading(timeout_s=0.3).submit(an_order("entry"))
    assert (lab.state("entry") is not None) == exists


def test_a_fault_of_a_symbol_leaves_the_others_alone_and_ends_after_its_count(lab: Lab) -> None:
    lab.fault("reject", path=CREATE, symbol="SOLUSDT")
    lab.fault("reject", path="*", symbol="BTCUSDT", count=2, ret_code=110007)
    for _ in range(2):
        with pytest.raises(OrderRejectedByVenue):
            lab.enter()
    lab.enter()
    assert lab.state("entry") is not None


def test_an_empty_answer_shows_no_position_where_there_is_one(lab: Lab) -> None:
    lab.enter()
    lab.fault("empty_list", path=POSITIONS)
    assert [len(lab.trading().positions()) for _ in range(2)] == [0, 1]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v5/position/trading-stop", lambda trading: trading.set_stop_loss(INSTRUMENT, Decimal(96))),
        ("/v5/position/set-leverage", lambda trading: trading.set_leverage(INSTRUMENT, Decimal(7))),
    ],
    ids=["stop", "leverage"],
)
def test_a_stop_and_a_leverage_can_be_refused(lab: Lab, path: str, asked: Callable[[BybitTrading], None]) -> None:
    lab.enter()
    lab.fault("reject", path=path, ret_code=110013)
    with pytest.raises(OrderRejectedByVenue):
        asked(lab.trading())
    asked(lab.trading())


def test_an_entry_can_lose_its_stop_on_the_way(lab: Lab) -> None:
    lab.fault("without_stop", path=CREATE)
    lab.enter()
    [position] = lab.trading().positions()
    assert position.stop_loss is None


def test_the_venue_cancels_a_stop(lab: Lab) -> None:
    lab.enter()
    lab.fault("cancel_stop", symbol="BTCUSDT")
    [position] = lab.trading().positions()
    assert (position.quantity, position.stop_loss) == (Decimal(1), None)


def test_somebody_trades_by_hand(lab: Lab) -> None:
    lab.enter()
    with lab.stream() as listener:
        lab.fault("trade_by_hand", symbol="BTCUSDT", side="Sell", qty="0.4")
        [fill] = listener.fills(1)
    assert (fill.order_link_id, fill.side, fill.quantity) == ("", Side.SELL, Decimal("0.4"))
    [position] = lab.trading().positions()
    assert position.quantity == Decimal("0.6")


@pytest.mark.parametrize(("kind", "left"), [("adl", ["0.75"]), ("liquidation", [])])
def test_the_venue_takes_a_position_over(lab: Lab, kind: str, left: list[str]) -> None:
    lab.enter()
    with lab.stream() as listener:
        lab.fault(kind, symbol="BTCUSDT", fraction=0.25)
        [fill] = listener.fills(1)
    assert (fill.kind, fill.order_link_id) == (FillKind.VENUE, "")
    assert [str(position.quantity) for position in lab.trading().positions()] == left


def test_a_suspended_symbol_takes_no_orders_until_it_trades_again(lab: Lab) -> None:
    lab.enter("before")
    lab.fault("suspend", symbol="BTCUSDT")
    with pytest.raises(OrderRejectedByVenue):
        lab.enter("during")
    [listed] = BybitMarketData(lab.client()).instruments().values()
    assert listed.status is InstrumentStatus.CLOSED
    lab.fault("suspend", symbol="BTCUSDT", value="Trading")
    lab.enter("after")
    assert lab.state("after") is not None


def test_a_cancel_can_lose_against_a_fill(lab: Lab) -> None:
    trading = lab.trading()
    trading.submit(an_order("resting", price="99"))
    lab.fault("fill_before_cancel", path=CANCEL)
    trading.cancel(INSTRUMENT, "resting")
    found = lab.state("resting")
    assert found is not None
    assert found.state is IntentState.FILLED


def test_a_fill_can_be_heard_of_before_the_acknowledgement(lab: Lab) -> None:
    heard: list[float] = []
    with lab.stream() as listener:
        lab.fault("stream_first", path=CREATE, seconds=0.5)
        asked = time.monotonic()
        lab.enter()
        answered = time.monotonic() - asked
        [fill] = listener.fills(1)
        heard.append(answered)
    assert fill.order_link_id == "entry"
    # The message waits in the socket's buffer: it was sent before the answer, which was held back.
    assert heard[0] >= 0.5


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [("duplicate_message", [1, 1, 2]), ("drop_message", [2]), ("reorder_messages", [2, 1]), ("delay_message", [2, 1])],
)
def test_private_messages_come_twice_not_at_all_or_in_another_order(lab: Lab, kind: str, numbers: list[int]) -> None:
    with lab.stream() as listener:
        lab.fault(kind, topic="execution", seconds=0.5)
        lab.enter("e1")
        lab.enter("e2")
        fills = listener.fills(len(numbers))
    assert [fill.order_link_id for fill in fills] == [f"e{number}" for number in numbers]


def test_a_limit_order_fills_in_two_parts(lab: Lab) -> None:
    lab.trading().submit(an_order("resting", price="99"))
    lab.fault("partial_fill", symbol="BTCUSDT", fraction=0.3, seconds=120)
    stands = [walk_on(lab.addresses) for _ in range(4)]
    assert [stand["at"] for stand in stands] == ["close", "event", "event", "close"]
    fills = sorted(lab.trading().fills(START), key=lambda fill: fill.executed_at)
    assert [(str(fill.quantity), fill.price) for fill in fills] == [("0.3", 99), ("0.7", 99)]
    assert fills[1].executed_at - fills[0].executed_at >= timedelta(seconds=119)


def test_a_market_order_fills_in_part_and_loses_the_rest(lab: Lab) -> None:
    lab.fault("partial_fill", symbol="BTCUSDT", fraction=0.3)
    lab.enter()
    found = lab.state("entry")
    assert found is not None
    assert (found.filled_quantity, found.state.final) == (Decimal("0.3"), True)


def test_a_position_whose_stop_filled_in_part_shows_none(lab: Lab) -> None:
    lab.enter()
    lab.fault("partial_fill", symbol="BTCUSDT", fraction=0.3)
    while walk_on(lab.addresses)["at"] != "event":
        pass
    [held] = lab.trading().positions()
    assert (held.quantity, held.stop_loss) == (Decimal("0.7"), None)


def test_words_and_fields_that_nobody_knows_are_lived_with(lab: Lab) -> None:
    with lab.stream() as listener:
        lab.fault("alter", topic="order", field="orderStatus", value="Pondering")
        lab.fault("alter", topic="execution", field="mood", value="good")
        lab.enter()
        [fill] = listener.fills(1)
        [report] = listener.reports(1)
    assert "Pondering" in report.reason
    assert fill.quantity == 1
    lab.fault("alter", path=POSITIONS, field="positionStatus", value="Levitating")
    assert len(lab.trading().positions()) == 1


@pytest.mark.parametrize("seconds", [-2.0, 2.0])
def test_the_venues_clock_is_off(lab: Lab, seconds: float) -> None:
    market = BybitMarketData(lab.client())
    before = market.server_time()
    lab.fault("clock_skew", seconds=seconds)
    assert market.server_time() - before == timedelta(seconds=seconds)
    requests.post(f"{lab.addresses.rest_url}/simulator/faults/clear", timeout=5)
    assert market.server_time() == before


@pytest.mark.parametrize("seconds", [-2.0, 2.0])
def test_an_order_gets_through_from_a_clock_that_is_two_seconds_off(lab: Lab, seconds: float) -> None:
    lab.fault("clock_skew", seconds=seconds)
    lab.enter()
    report = lab.state("entry")
    assert report is not None
    assert report.state is IntentState.FILLED


def test_an_order_from_four_seconds_ahead_is_turned_away(lab: Lab) -> None:
    lab.fault("clock_skew", seconds=-4.0)
    with pytest.raises(TurnedAway):
        lab.enter()


def test_streams_end_and_can_be_opened_again(lab: Lab) -> None:
    with lab.stream() as listener:
        lab.fault("disconnect")
        with pytest.raises(ConnectionClosed):
            listener.next()
    with lab.stream() as listener:
        lab.enter()
        assert len(listener.fills(1)) == 1


def test_streams_fall_silent_and_stay_open(lab: Lab) -> None:
    with lab.stream() as listener:
        lab.fault("mute_streams")
        lab.enter()
        listener.socket.send(json.dumps({"op": "ping"}))
        with pytest.raises(TimeoutError):
            listener.next(timeout_s=0.5)
    with lab.stream() as second:
        lab.enter("second")
        assert second.fills(1)[0].order_link_id == "second"


def test_what_happens_to_the_account_can_wait_for_a_request(lab: Lab) -> None:
    lab.enter()
    lab.fault("trade_by_hand", symbol="BTCUSDT", side="Sell", qty="1", path=POSITIONS)
    assert len(lab.trading().fills(START)) == 1
    assert lab.trading().positions() == []
    assert len(lab.trading().fills(START)) == 2


def refusals(lab: Lab, number: int) -> list[bool]:
    """Which of so many requests are refused."""
    found = []
    for _ in range(number):
        try:
            lab.trading().positions()
        except TemporaryVenueError:
            found.append(True)
        else:
            found.append(False)
    return found


def test_a_seeded_file_refuses_some_requests_and_always_the_same(tmp_path: Path) -> None:
    path, ends = tmp_path / "faults.json", []
    fault = {"kind": "ret_code_10016", "path": POSITIONS, "count": 100, "probability": 0.5}
    for seed in (1, 1, 2):
        path.write_text(json.dumps({"seed": seed, "faults": [fault]}))
        configuration = Configuration(
            symbols=("BTCUSDT",), lock_step=Timeframe.M15, profile=ExecutionProfile.IDEAL, faults=path
        )
        with running_venue(build(configuration, "test")) as addresses:
            ends.append(refusals(Lab(addresses), 20))
    assert ends[0] == ends[1] != ends[2]
    assert 3 < sum(ends[0]) < 17


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("no json", "cannot be read"),
        ('{"faults": []}', "cannot be read"),
        ('{"seed": 1, "faults": [{"kind": "earthquake"}]}', "kind invalid earthquake"),
        ('{"seed": 1, "faults": [{"kind": "reject"}]}', "path or topic is required"),
        ('{"seed": 1, "faults": [{"kind": "disconnect"}]}', "needs the path of the request"),
        ('{"seed": 1, "faults": [{"kind": "adl", "path": "*"}]}', "adl needs a symbol"),
        ('{"seed": 1, "faults": [{"kind": "slow", "path": "*", "secs": 1}]}', "secs unknown"),
        ('{"seed": 1, "faults": [{"kind": "slow", "path": "*", "seconds": "soon"}]}', "seconds invalid soon"),
        ('{"seed": 1, "faults": [{"kind": "slow", "path": "*", "probability": 2}]}', "probability"),
        ('{"seed": 1, "faults": [{"kind": "trade_by_hand", "path": "*", "symbol": "BTCUSDT"}]}', "qty is required"),
        ('{"seed": 1, "faults": [{"kind": "alter", "path": "*"}]}', "field is required"),
    ],
)
def test_a_file_of_faults_that_could_not_happen_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "faults.json").write_text(content)
    with pytest.raises(ConfigurationError, match=problem):
        build(Configuration(symbols=("BTCUSDT",), faults=tmp_path / "faults.json"), "test")


@pytest.mark.parametrize("kind", ["cancel_stop", "adl", "liquidation"])
def test_nothing_happens_to_a_position_that_is_not_there(lab: Lab, kind: str) -> None:
    answer: Callable[..., requests.Response] = requests.post
    body = {"kind": kind, "symbol": "BTCUSDT"}
    assert answer(f"{lab.addresses.rest_url}/simulator/faults", json=body, timeout=5).status_code == 400
