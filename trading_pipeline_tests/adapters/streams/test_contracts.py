"""Messages on the streams and their published schemas."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.adapters.streams.contracts import CONTRACTS, decode, encode
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.events import BarClosed, Event, FillBooked, WaveComputed
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms, to_ms

DOCS = Path(__file__).resolve().parents[3] / "docs" / "contracts"
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
instants = st.integers(0, to_ms(datetime(2100, 1, 1, tzinfo=UTC))).map(from_ms)


@given(instants, st.sampled_from(Timeframe), st.integers(0, 500))
def test_events_survive_the_wire(instant: datetime, timeframe: Timeframe, plans: int) -> None:
    told = (BarClosed(InstrumentId("BTCUSDT.BYBIT"), timeframe, instant), WaveComputed(instant, timeframe, plans))
    for event in (*told, FillBooked(InstrumentId("BTCUSDT.BYBIT"), "x1", instant)):
        assert decode(type(event), encode(event)) == event


@pytest.mark.parametrize(
    ("kind", "payload", "names"),
    [
        (BarClosed, "", "JSON"),
        (BarClosed, "[]", "message"),
        (BarClosed, '{"instrument_id": "BTCUSDT.BYBIT", "timeframe": "1h"}', "close_time_ms"),
        (BarClosed, '{"instrument_id": "", "timeframe": "1h", "close_time_ms": 1}', "instrument_id"),
        (BarClosed, '{"instrument_id": "BTCUSDT", "timeframe": "1h", "close_time_ms": 1}', "instrument_id"),
        (BarClosed, '{"instrument_id": "BTCUSDT.BYBIT", "timeframe": "2h", "close_time_ms": 1}', "timeframe"),
        (
            BarClosed,
            '{"instrument_id": "BTCUSDT.BYBIT", "timeframe": "1h", "close_time_ms": 99999999999999999}',
            "close_time_ms",
        ),
        (BarClosed, encode(WaveComputed(NOON, Timeframe.H1, 1)), "kind"),
        (WaveComputed, '{"close_time_ms": 1, "timeframe": "1h", "plans": -1}', "plans"),
        (FillBooked, '{"instrument_id": "BTCUSDT.BYBIT", "execution_id": "", "executed_at_ms": 1}', "execution_id"),
        (
            FillBooked,
            '{"instrument_id": "BTCUSDT.BYBIT", "execution_id": "x", "executed_at_ms": 99999999999999999}',
            "executed_at",
        ),
        (WaveComputed, '{"close_time_ms": 1, "timeframe": "1h", "plans": 1, "extra": 2}', "extra"),
    ],
)
def test_a_broken_contract_names_the_field(kind: type[Event], payload: str, names: str) -> None:
    with pytest.raises(DataError, match=names):
        decode(kind, payload)


@pytest.mark.parametrize("kind", CONTRACTS)
def test_the_published_schema_is_the_one_in_force(kind: type[Event]) -> None:
    name, message = CONTRACTS[kind]
    assert json.loads((DOCS / f"{name}.json").read_text()) == message.model_json_schema()


def test_every_published_schema_belongs_to_a_stream() -> None:
    assert {path.stem for path in DOCS.glob("*.json")} == {name for name, _ in CONTRACTS.values()}


def test_an_instant_travels_in_milliseconds() -> None:
    event = BarClosed(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, NOON + timedelta(milliseconds=1))
    assert json.loads(encode(event))["close_time_ms"] == 1748779200001
