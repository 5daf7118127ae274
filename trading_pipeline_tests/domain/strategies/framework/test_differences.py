import pytest

from trading_pipeline.domain.strategies.framework.differences import same, unlike
from trading_pipeline.domain.strategies.framework.signals_by_bar import Row, SignalsByBar


@pytest.mark.parametrize(
    ("one", "other", "price", "expected"),
    [
        (100.0, 100.00001, 1.0, True),
        (100.0, 100.001, 1.0, False),
        (0.0, 1e-10, 1.0, True),
        (1e-10, 1.1e-10, 1e-10, False),  # a stop of a coin that costs so little
        ("long", "long", 1.0, True),
        ([1.0, {"a": 2.0}], [1.0, {"a": 2.0000001}], 1.0, True),
        ([1.0, {"a": 2.0}], [1.0, {"a": 2.1}], 1.0, False),
        ([1.0], [1.0, 2.0], 1.0, False),
        ({"a": 1.0}, {"b": 1.0}, 1.0, False),
        (1.0, "1.0", 1.0, False),
    ],
)
def test_numbers_are_the_same_to_a_millionth(one: object, other: object, price: float, expected: bool) -> None:
    assert same(one, other, price) is expected


def _row(stop: float) -> Row:
    return {"bar_index": 5, "bias": "long", "entry_price": 10.0, "stop_price": stop, "score": 50.0, "details": {}}


def test_sides_differ_by_bar_and_column() -> None:
    expected = SignalsByBar({5: {"long": _row(9.0)}, 6: {"short": _row(11.0)}}, {5: {"short"}, 7: {"long"}})
    found = SignalsByBar({5: {"long": _row(8.0)}}, {5: {"short"}, 7: {"short"}, 9: {"long"}})
    told = [(each.bar_index, each.column, each.expected, each.found) for each in unlike(expected, found, range(4, 9))]
    assert told == [
        (5, "stop_price", "9.0", "8.0"),
        (6, "signal", "short", None),
        (7, "exit", "long", None),
        (7, "exit", None, "short"),
    ]
