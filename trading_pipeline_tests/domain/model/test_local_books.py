"""Books kept from changes are the venue's books, or none."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.books import Level
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.local_books import BookChange, LocalBooks

AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
BTC = InstrumentId("BTCUSDT.BYBIT")


def levels(*pairs: tuple[int, int]) -> tuple[Level, ...]:
    return tuple((Decimal(price), Decimal(quantity)) for price, quantity in pairs)


def change(
    number: int, bids: tuple[Level, ...] = (), asks: tuple[Level, ...] = (), *, whole: bool = False
) -> BookChange:
    return BookChange(BTC, AT + timedelta(milliseconds=20 * number), number, whole, bids, asks)


WHOLE = change(7, levels((99, 1), (98, 2)), levels((101, 1), (102, 2)), whole=True)


def known() -> LocalBooks:
    books = LocalBooks()
    books.apply(WHOLE)
    return books


def test_levels_are_changed_added_and_taken_away_and_come_best_first() -> None:
    books = known()
    assert books.apply(change(8, levels((99, 0), (97, 3), (98, 5)), levels((100, 4))))
    snapshot = books.snapshot(BTC, 2)
    assert snapshot is not None
    assert (snapshot.update_id, snapshot.book.at) == (8, AT + timedelta(milliseconds=160))
    assert snapshot.book.bids == levels((98, 5), (97, 3))
    assert snapshot.book.asks == levels((100, 4), (101, 1))


def test_a_missing_update_makes_the_book_unknown() -> None:
    books = known()
    assert not books.apply(change(9, levels((99, 3))))
    assert books.snapshot(BTC, 1) is None
    assert not books.apply(change(10, levels((99, 3))))
    assert books.apply(change(3, levels((90, 1)), levels((91, 1)), whole=True))
    assert books.apply(change(4, levels((89, 1))))
    assert books.snapshot(BTC, 1) is not None


def test_a_repeated_update_is_as_bad_as_a_missing_one() -> None:
    books = known()
    assert not books.apply(change(7, levels((99, 3))))


def test_a_book_that_cannot_be_is_forgotten() -> None:
    for wrong in (change(8, levels((101, 1))), change(8, levels((99, 0), (98, 0)))):
        books = known()
        books.apply(wrong)
        assert books.snapshot(BTC, 1) is None
        assert not books.apply(change(9))


SIDE = st.dictionaries(st.integers(1, 40), st.integers(1, 9), min_size=1)


@given(st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=8))
def test_a_book_of_changes_is_the_book_they_came_from(truths: list[tuple[dict[int, int], dict[int, int]]]) -> None:
    books, before = LocalBooks(), ({}, {})  # type: ignore[var-annotated]  # nothing yet
    for number, (below, above) in enumerate(truths):
        # bids lie below 50, asks above: whatever is drawn, the book can be
        truth = (below, {price + 50: quantity for price, quantity in above.items()})
        sides = [
            levels(*now.items(), *((price, 0) for price in old if price not in now))
            for old, now in zip(before, truth, strict=True)
        ]
        books.apply(change(number, sides[0], sides[1], whole=number == 0))
        before = truth
    snapshot = books.snapshot(BTC, 100)
    assert snapshot is not None
    assert snapshot.book.bids == levels(*sorted(before[0].items(), reverse=True))
    assert snapshot.book.asks == levels(*sorted(before[1].items()))
