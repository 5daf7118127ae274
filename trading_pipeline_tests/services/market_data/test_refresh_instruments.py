"""What the venue lists, from one reading to the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument, InstrumentStatus
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, Severity
from trading_pipeline.ports.stores.market_data.instrument_store import InstrumentStore
from trading_pipeline.services.market_data.refresh_instruments import refresh_instruments, untradable
from trading_pipeline_tests.testkit.builders import START, instrument
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

BTC, SOL, ADA = (InstrumentId(f"{base}USDT.BYBIT") for base in ("BTC", "SOL", "ADA"))
UNIVERSE = [BTC, SOL]


@dataclass
class InstrumentShelf(InstrumentStore):
    """Keeps what is written."""

    kept: dict[InstrumentId, Instrument] = field(default_factory=dict)

    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """All of it."""
        return dict(self.kept)

    def write(self, instruments: Iterable[Instrument], read_at: datetime) -> None:
        """Replace or add."""
        self.kept |= {one.instrument_id: one for one in instruments}


@pytest.fixture
def shelf() -> InstrumentShelf:
    """The list as it was read the day before."""
    shelf = InstrumentShelf()
    refresh_instruments(RecordedMarketData([], START), shelf, UNIVERSE)
    return shelf


def read(shelf: InstrumentShelf, **changes: object) -> list[QualityEvent]:
    """Read again, with bitcoin listed otherwise."""
    told = RecordedMarketData([], START, changed={BTC: replace(instrument(BTC), **changes)})
    return refresh_instruments(told, shelf, UNIVERSE)


def test_first_and_equal_readings_are_no_news(shelf: InstrumentShelf) -> None:
    assert set(shelf.kept) == {BTC, SOL, ADA}
    assert read(shelf) == []


def test_a_changed_limit_is_an_event_with_both_values(shelf: InstrumentShelf) -> None:
    (event,) = read(shelf, min_quantity=Decimal("0.005"))
    before = str(instrument(BTC).min_quantity)
    assert (event.kind, event.severity, event.instrument_id) == (QualityKind.INSTRUMENT_CHANGED, Severity.INFO, BTC)
    assert event.detail == {"changed": {"min_quantity": [before, "0.005"]}}
    assert shelf.kept[BTC].min_quantity == Decimal("0.005")


def test_an_announced_end_is_important_and_bars_the_instrument(shelf: InstrumentShelf) -> None:
    (event,) = read(shelf, delists_at=datetime(2025, 7, 1, 9, tzinfo=UTC))
    assert event.severity is Severity.IMPORTANT
    assert untradable(shelf, UNIVERSE) == {BTC: "the venue ends its trading at 2025-07-01 09:00 UTC"}


def test_what_is_listed_no_more_is_kept_as_closed(shelf: InstrumentShelf) -> None:
    told = RecordedMarketData([], START, listed=frozenset({SOL}))
    (event,) = refresh_instruments(told, shelf, UNIVERSE)
    assert event.detail == {"changed": {"status": ["trading", "closed"]}}
    assert shelf.kept[BTC].status is InstrumentStatus.CLOSED
    assert refresh_instruments(told, shelf, UNIVERSE) == []


def test_an_instrument_that_nobody_collects_changes_in_silence(shelf: InstrumentShelf) -> None:
    ending = replace(instrument(ADA), status=InstrumentStatus.DELIVERING)
    assert refresh_instruments(RecordedMarketData([], START, changed={ADA: ending}), shelf, UNIVERSE) == []
    assert shelf.kept[ADA].status is InstrumentStatus.DELIVERING


def test_a_venue_that_does_not_answer_closes_nothing(shelf: InstrumentShelf) -> None:
    with pytest.raises(TemporaryVenueError):
        refresh_instruments(RecordedMarketData([], START, silent=True), shelf, UNIVERSE)
    assert untradable(shelf, UNIVERSE) == {}


def test_an_instrument_that_was_never_listed_is_named() -> None:
    assert untradable(InstrumentShelf(), [BTC]) == {BTC: "it was never listed"}
