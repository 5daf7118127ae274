"""``trading-pipeline bars``: what a person does to stored bars."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.cli.bars_files import export_files, import_file
from trading_pipeline.cli.given_bar import given_bar
from trading_pipeline.cli.outages import outages
from trading_pipeline.cli.running_system import Reason, StateDir, command_of, database_of, settings_of
from trading_pipeline.domain.model.commands import CommandVerb
from trading_pipeline.domain.model.halts import HaltScope

if TYPE_CHECKING:
    from trading_pipeline.domain.model.bar_history import Mend, Revision
    from trading_pipeline.domain.model.commands import OperatorCommand
    from trading_pipeline.settings import Settings

bars = typer.Typer(name="bars", help="Stored bars, and bars from files and into files.", no_args_is_help=True)
bars.command("import")(import_file)
bars.command("export")(export_files)
bars.command("outages")(outages)


@bars.command()
def mend(
    symbol: Annotated[str, typer.Argument(help="BTCUSDT, or BTCUSDT.BYBIT")],
    timeframe: Annotated[str, typer.Option(help="1m 5m 15m 30m 1h 4h 8h 1d")],
    at: Annotated[str, typer.Option(help="open time, ISO 8601, UTC unless it says otherwise")],
    prices: Annotated[str, typer.Option("--ohlc", help="open,high,low,close in quote currency")],
    volume: Annotated[str, typer.Option(help="in base currency")],
    source: Annotated[str, typer.Option(help="where the values come from")],
    reason: Reason,
    turnover: Annotated[str, typer.Option(help="in quote currency; else volume times close")] = "",
    state_dir: StateDir = None,
) -> None:
    """Say what one bar was; it counts before every source, and who said so, whence and why is kept for good."""
    from trading_pipeline.domain.model.bar_history import Mend

    settings = settings_of(state_dir)
    bar = given_bar(settings, symbol, timeframe, at, [*prices.split(","), volume, turnover])
    command = command_of(CommandVerb.MEND, HaltScope.of(instrument_id=bar.instrument_id), reason)
    words = f"from {source}: {reason}" if source.strip() and reason.strip() else ""
    revision = _mended(settings, command, Mend(bar, words, command.actor, command.command_id))
    changes = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in revision.changes.items())
    day = f"{bar.open_time:%Y-%m-%d}"
    sys.stdout.write(
        f"{bar.instrument_id} {bar.timeframe} {bar.open_time.isoformat()}: "
        f"{(changes or 'as it was') if revision.was else 'there was no bar, now there is one'}\n"
        f"the next wave computes today anew; of earlier days, materialise bars_{bar.timeframe} and what follows it, "
        f"from {day} on\n"
    )


def _mended(settings: "Settings", command: "OperatorCommand", mend: "Mend") -> "Revision":
    """Mend and record: the command, what came of it, and that it is worth a look."""
    from trading_pipeline.adapters.stores.market_data.quality_store import PostgresQualityStore
    from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
    from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
    from trading_pipeline.services.execution.controls import recorded
    from trading_pipeline.services.market_data.mend_bar import mend_bar
    from trading_pipeline.services.market_data.notice_gaps import mend_noticed

    with database_of(settings) as engine, recorded(PostgresCommandLog(engine), command) as done:
        revision = mend_bar(PostgresRawBarStore(engine), mend, command.given_at)
        PostgresQualityStore(engine).record([mend_noticed(revision, mend, command.given_at)])
        done.append(f"{revision.timeframe} {revision.open_time.isoformat()} is mended: {dict(revision.became)}")
    return revision
