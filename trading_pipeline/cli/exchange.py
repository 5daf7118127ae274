"""``trading-pipeline exchange``: run the simulated venue."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.cli.arguments import money
from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile

if TYPE_CHECKING:
    from trading_pipeline.exchange_simulator.configuration import AnotherAccount
    from trading_pipeline.exchange_simulator.live_venue import LiveVenue
    from trading_pipeline.exchange_simulator.server import Addresses


def exchange(
    symbols: Annotated[str, typer.Option(help="comma-separated, e.g. BTCUSDT,SOLUSDT")],
    host: Annotated[str, typer.Option(help="address to listen on; 0.0.0.0 for every interface")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any free port")] = 0,
    bars: Annotated[Path | None, typer.Option(help="folder of recorded bars; generated ones without it")] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the generated bars")] = 0,
    start: Annotated[str, typer.Option(help="first virtual instant, ISO 8601, UTC unless it says otherwise")] = "",
    speed: Annotated[float, typer.Option(help="virtual seconds per second")] = 1.0,
    lock_step: Annotated[str, typer.Option(help="stand at every close of this timeframe until told to go on")] = "",
    wall: Annotated[
        bool, typer.Option("--wall", help="run at wall time, with the bars from start on moved to now")
    ] = False,
    live: Annotated[str, typer.Option(help="REST address of the venue whose prices are taken; with --wall")] = "",
    live_ws: Annotated[str, typer.Option(help="its public WebSocket of linear contracts")] = "",
    state: Annotated[Path | None, typer.Option(help="file that keeps the account over a restart")] = None,
    tls: Annotated[Path | None, typer.Option(help="folder of a certificate, made when missing; serves HTTPS")] = None,
    faults: Annotated[Path | None, typer.Option(help="JSON file of the faults that are armed at the start")] = None,
    balance: Annotated[str, typer.Option(help="initial USDT")] = "10000",
    account: Annotated[
        list[str] | None, typer.Option(help="NAME or NAME=USDT: another account with its own keys; repeat for more")
    ] = None,
    profile: Annotated[
        str, typer.Option(help="realistic: spread, depth and volume count; ideal: what backtests count")
    ] = "realistic",
    latency_ms: Annotated[
        int, typer.Option(min=0, max=60_000, help="mean time of an order on its way to the market, if realistic")
    ] = 30,
    half_spread_ticks: Annotated[int, typer.Option(min=0, help="what a market order pays beyond the last price")] = 0,
    maker_fee_bps: Annotated[float, typer.Option(min=-10, max=100, help="of limit orders that rested")] = 2,
    taker_fee_bps: Annotated[float, typer.Option(min=0, max=100, help="of market orders and stops")] = 5.5,
    slippage_bps: Annotated[float, typer.Option(min=0, max=500, help="how much worse those fill")] = 0,
    funding_rate: Annotated[
        float, typer.Option(min=-0.04, max=0.04, help="share longs pay where no rate is recorded")
    ] = 0.0001,
    funding_interval_hours: Annotated[int, typer.Option(min=1, max=24, help="counted from midnight UTC")] = 8,
) -> None:
    """Run a Bybit v5-compatible exchange until SIGINT or SIGTERM.

    Prints one JSON line with addresses, key and secret as soon as it listens.
    """
    # The other commands do without a web server and its memory.
    from trading_pipeline.exchange_simulator.configuration import Configuration
    from trading_pipeline.exchange_simulator.server import serve

    try:
        configuration = Configuration(
            symbols=tuple(symbol for symbol in symbols.replace(" ", "").split(",") if symbol),
            host=host,
            port=port,
            bars=bars,
            seed=seed,
            start=_instant(start),
            speed=speed,
            lock_step=Timeframe.parse(lock_step) if lock_step else None,
            wall=wall,
            live=_live(live, live_ws),
            state=state,
            tls=tls,
            faults=faults,
            balance=money(balance, "--balance"),
            others=tuple(_another(text, balance) for text in account or ()),
            latency_ms=latency_ms,
            half_spread_ticks=half_spread_ticks,
            profile=_profile(profile),
            costs=Costs(
                maker_fee_bps=_exact(maker_fee_bps),
                taker_fee_bps=_exact(taker_fee_bps),
                slippage_bps=_exact(slippage_bps),
                funding_rate=_exact(funding_rate),
                funding_interval_hours=funding_interval_hours,
            ),
        )
        serve(configuration, _announce)
    except (ConfigurationError, DataError) as error:
        typer.echo(f"trading-pipeline exchange: {error}", err=True)
        # The code of a refused setting, as ``main`` has it: a supervisor must not start the venue again.
        raise typer.Exit(2) from None


def _another(text: str, balance: str) -> "AnotherAccount":
    """An account from ``NAME`` or ``NAME=USDT``; without an amount it begins like the first one.

    :raises ConfigurationError: the amount is none.
    """
    from trading_pipeline.exchange_simulator.configuration import AnotherAccount

    name, _, amount = text.partition("=")
    return AnotherAccount(name, money(amount or balance, "--account"))


def _announce(addresses: "Addresses") -> None:
    """One line for programs and people; stdout is flushed because the reader waits for it."""
    typer.echo(json.dumps(asdict(addresses)))


def _live(rest_url: str, public_ws_url: str) -> "LiveVenue | None":
    """:raises ConfigurationError: one of the two addresses is missing."""
    from trading_pipeline.exchange_simulator.live_venue import LiveVenue

    if bool(rest_url) != bool(public_ws_url):
        raise ConfigurationError("--live and --live-ws go together: contracts come by one, prices by the other")
    return LiveVenue(rest_url.rstrip("/"), public_ws_url) if rest_url else None


def _instant(text: str) -> datetime | None:
    """ISO 8601 as UTC; ``None`` when empty.

    :raises ConfigurationError: it is none.
    """
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"start {text!r} is no ISO 8601 instant such as 2025-11-01T00:00:00") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _profile(name: str) -> ExecutionProfile:
    """The profile of that name.

    :raises ConfigurationError: there is none.
    """
    if name not in set(ExecutionProfile):
        raise ConfigurationError(f"--profile {name}: there are {' and '.join(ExecutionProfile)}")
    return ExecutionProfile(name)


def _exact(number: float) -> Decimal:
    """The digits that were typed, which are a float's own: 5.5 basis points bring no binary tail into fees."""
    return Decimal(str(number))
