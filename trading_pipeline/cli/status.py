"""``trading-pipeline status`` and ``positions``: how the system stands, as the ledger says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.cli.remote import RemoteApi, Url, overview_of, positions_of
from trading_pipeline.cli.running_system import StateDir, database_of, settings_of
from trading_pipeline.cli.written import Json, columns, write

if TYPE_CHECKING:
    from trading_pipeline.adapters.stores.operations.system_overview import EquityReading, OpenPosition, SystemOverview
    from trading_pipeline.settings import Settings

_SILENT_S = 30.0
"""A component that was not heard of for so long is said to be silent; it beats every few seconds."""

_ORDER = (
    "intended_at", "instrument_id", "purpose", "side", "quantity", "price", "state", "filled_quantity", "order_link_id"
)  # fmt: skip
_HEADINGS = ("account", "instrument", "side", "quantity", "entry", "stop", "last", "unrealised", "strategy", "opened")


def status(as_json: Json = False, state_dir: StateDir = None, url: Url = "") -> None:
    """Say what runs, what is halted, open and unsettled, and what the accounts are worth."""
    if url:
        content = RemoteApi(url).get("/status")
        write(content if as_json else _lines(overview_of(content)))
        return
    from trading_pipeline.adapters.stores.operations.system_overview import system_overview

    with database_of(settings_of(state_dir)) as engine:
        # The ledger and no venue: status has to answer when nothing else does.
        overview = system_overview(engine)
    write(asdict(overview) if as_json else _lines(overview))


def positions(as_json: Json = False, state_dir: StateDir = None, url: Url = "") -> None:
    """List what is open, with its stop and what it would earn at the newest close."""
    if url:
        content = RemoteApi(url).get("/status")
        write(content["positions"] if as_json else position_lines(positions_of(content)))
        return
    from trading_pipeline.adapters.stores.operations.system_overview import open_positions

    with database_of(settings_of(state_dir)) as engine:
        held = open_positions(engine)
    write([asdict(one) for one in held] if as_json else position_lines(held))


def orders(
    state: Annotated[str, typer.Option(help="only such as are in it: filled, working, rejected, …")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="the newest so many")] = 20,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """List the newest orders, what they were meant for and what became of them."""
    filters = {"state": state} if state else {}
    if url:
        found = RemoteApi(url).get("/execution/orders", limit=limit, **filters)["items"]
    else:
        found = _stored_orders(settings_of(state_dir), filters, limit)
    write(found if as_json else order_lines(found))


def _stored_orders(settings: "Settings", filters: Mapping[str, str], limit: int) -> Sequence[Mapping[str, object]]:
    from trading_pipeline.adapters.parameters.universe import load_universe
    from trading_pipeline.adapters.stores.reading.record_reader import PostgresRecordReader
    from trading_pipeline.domain.model.records import RecordQuestion
    from trading_pipeline.services.operations.read_records import list_records

    question = RecordQuestion("orders", filters, limit=limit)
    with database_of(settings) as engine:
        reader, universe = PostgresRecordReader(engine), load_universe(settings.config_dir)
        return list_records(reader=reader, universe=universe, question=question).items


def order_lines(found: Sequence[Mapping[str, object]]) -> list[str]:
    """A table of orders, or that there is none; times in UTC."""
    if not found:
        return ["no order"]
    rows = [_ORDER, *((_second(one["intended_at"]), *(_text(one[name]) for name in _ORDER[1:])) for one in found)]
    return list(columns(rows))


def _second(instant: object) -> str:
    """Of the database a time, of an API its text."""
    at = instant if isinstance(instant, datetime) else datetime.fromisoformat(str(instant))
    return f"{at:%Y-%m-%d %H:%M:%S}"


def position_lines(held: Sequence["OpenPosition"]) -> list[str]:
    """A table of positions, or that there is none.

    Prices are in quote currency, opening times in UTC; what is unrealised names its currency.
    """
    if not held:
        return ["no open position"]
    rows: list[tuple[str, ...]] = [_HEADINGS]
    for one in held:
        position = one.position
        opened = f"{position.opened_at:%Y-%m-%d %H:%M}" if position.opened_at else str(position.status)
        unrealised = "" if one.unrealised_pnl is None else f"{one.unrealised_pnl:+.2f} {position.settlement_currency}"
        texts = (position.account_id, position.instrument_id, position.bias, position.quantity, position.entry_price)
        prices = (position.stop_price, one.last_close)
        rows.append((*map(_text, (*texts, *prices)), unrealised, one.strategy, opened))
    return list(columns(rows))


def _lines(overview: "SystemOverview") -> list[str]:
    beats = [
        f"{one.component}: {'SILENT' if one.age_s > _SILENT_S else one.detail}, {one.age_s:.0f} s ago"
        for one in overview.heartbeats
    ]
    computed = "none yet" if overview.newest_wave is None else f"{overview.newest_wave:%Y-%m-%d %H:%M} UTC"
    return [
        *(beats or ["feed: never heard of"]),
        f"newest computed close: {computed}; {overview.waiting_waves} heard and not computed",
        f"plans waiting: {overview.waiting_plans}, orders of unknown outcome: {overview.unsettled_orders}",
        *(_equity(one) for one in overview.equity),
        *(["nothing is halted"] if not overview.halts else [f"HALT {halt}" for halt in overview.halts]),
        *position_lines(overview.positions),
    ]


def _equity(reading: "EquityReading") -> str:
    worth = f"{reading.equity:.2f} {reading.currency}"
    return f"equity {reading.account_id}: {worth} at {reading.read_at:%Y-%m-%d %H:%M:%S} UTC"


def _text(value: object) -> str:
    return "" if value is None else str(value)
