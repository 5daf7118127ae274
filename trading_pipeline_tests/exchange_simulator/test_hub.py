"""Who is told what, and that one who does not read costs the others nothing."""

import json

from trading_pipeline.exchange_simulator.hub import CLOSE, Connection, Hub


def queued(connection: Connection) -> list[dict[str, object]]:
    return [json.loads(connection.outgoing.get_nowait()) for _ in range(connection.outgoing.qsize())]


def listening(hub: Hub, *topics: str, **arguments: object) -> Connection:
    connection = Connection(**arguments)  # type: ignore[arg-type]
    hub.connections.add(connection)
    hub.subscribe(connection, topics)
    return connection


def test_only_those_who_listen_are_told() -> None:
    hub = Hub()
    one, other = listening(hub, "tickers.BTCUSDT"), listening(hub, "tickers.SOLUSDT")
    hub.publish(("tickers.BTCUSDT",), {"data": 1})
    assert queued(one) == [{"data": 1, "topic": "tickers.BTCUSDT"}]
    assert queued(other) == []


def test_who_listens_under_two_names_is_told_once_under_the_first() -> None:
    hub = Hub()
    both, second = listening(hub, "order", "order.linear"), listening(hub, "order.linear")
    hub.publish(("order", "order.linear"), {})
    assert (queued(both), queued(second)) == ([{"topic": "order"}], [{"topic": "order.linear"}])


def test_a_topic_without_listeners_is_forgotten() -> None:
    hub = Hub()
    one, other = listening(hub, "a", "b"), listening(hub, "b")
    hub.unsubscribe(one, ["b", "never heard of"])
    assert hub.topics() == ["a", "b"]
    hub.drop(other)
    assert hub.topics() == ["a"]
    assert one.topics == {"a"}


def test_a_reader_that_lets_its_messages_pile_up_is_lost_and_nobody_else_notices() -> None:
    hub, lost = Hub(), []
    slow = listening(hub, "a", lost=lambda: lost.append("slow"), limit=3)
    swift = listening(hub, "a")
    for number in range(9):
        hub.publish(("a",), {"number": number})
    assert lost == ["slow"]
    assert [message["number"] for message in queued(swift)] == list(range(9))
    # What had piled up is given back at once, not when the connection's end has been noticed.
    assert slow.outgoing.empty()
    hub.drop(slow)
    assert hub.topics() == ["a"]


def test_raw_text_reaches_everybody_and_the_empty_one_asks_for_the_end() -> None:
    hub = Hub()
    connections = [listening(hub), listening(hub, "a")]
    hub.send_text(CLOSE)
    assert [connection.outgoing.get_nowait() for connection in connections] == [CLOSE, CLOSE]
