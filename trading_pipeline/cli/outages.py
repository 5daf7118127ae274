"""``trading-pipeline bars outages``: what the venue has lost."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.cli.remote import RemoteApi, Url
from trading_pipeline.cli.running_system import StateDir, database_of, settings_of
from trading_pipeline.cli.written import Json, columns, write
from trading_pipeline.domain.model.timeframes import Timeframe

if TYPE_CHECKING:
    from trading_pipeline.domain.model.holes import Outage
    from trading_pipeline.settings import Settings

_SHOWN = ("instrument_id", "timeframe", "first_open", "end", "bars", "asked_at", "asked_again_at", "answer")


def outages(
    symbol: Annotated[str, typer.Option(help="BTCUSDT, or BTCUSDT.BYBIT; else the universe")] = "",
    timeframe: Annotated[str, typer.Option(help="1m 5m 15m 30m 1h 4h 8h 1d; else those of the universe")] = "",
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """List bars that the venue was asked for twice and does not have, the newest first."""
    chosen = {"instrument_id": symbol, "timeframe": timeframe}
    if url:
        found = RemoteApi(url).all("/market/outages", **{name: one for name, one in chosen.items() if one})
    else:
        found = [_shown(one) for one in _stored(settings_of(state_dir), symbol, timeframe)]
    write(found if as_json else _lines(found))


def _stored(settings: "Settings", symbol: str, timeframe: str) -> Sequence["Outage"]:
    from trading_pipeline.adapters.parameters.universe import load_universe
    from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
    from trading_pipeline.adapters.stores.reading.record_reader import PostgresRecordReader
    from trading_pipeline.services.market_data.list_outages import list_outages
    from trading_pipeline.services.operations.read_records import known_instrument

    universe = load_universe(settings.config_dir)
    timeframes = (Timeframe.parse(timeframe),) if timeframe else universe.timeframes
    with database_of(settings) as engine:
        instrument_ids = universe.instrument_ids
        if symbol:
            # One that is no longer in the universe may have been heard of.
            instrument_ids = (known_instrument(symbol, PostgresRecordReader(engine), universe),)
        return list_outages(PostgresRawBarStore(engine), instrument_ids, timeframes)


def _shown(outage: "Outage") -> dict[str, object]:
    """As the API shows it."""
    values = ((name, getattr(outage, name)) for name in _SHOWN)
    return {name: _instant(value) if isinstance(value, datetime) else value for name, value in values}


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _lines(found: Sequence[Mapping[str, object]]) -> list[str]:
    if not found:
        return ["no outage"]
    return list(columns([_SHOWN, *([str(one[name]) for name in _SHOWN] for one in found)]))
