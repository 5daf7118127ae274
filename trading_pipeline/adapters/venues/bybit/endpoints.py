"""Where each mode finds the venue."""

from dataclasses import dataclass, replace

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses without a trailing slash.

    :param market_rest: of public data, where it is another venue than that of the account; else empty.
    """

    rest: str
    public_ws: str
    private_ws: str
    market_rest: str = ""


# https://bybit-exchange.github.io/docs/v5/guide and .../v5/ws/connect
_VENUE = {
    TradingMode.TESTNET: Endpoints(
        "https://api-testnet.bybit.com",
        "wss://stream-testnet.bybit.com/v5/public/linear",
        "wss://stream-testnet.bybit.com/v5/private",
    ),
    TradingMode.LIVE: Endpoints(
        "https://api.bybit.com",
        "wss://stream.bybit.com/v5/public/linear",
        "wss://stream.bybit.com/v5/private",
    ),
}


def endpoints(settings: Settings) -> Endpoints:
    """The addresses of the mode; the ``BYBIT_*_URL`` settings win over them.

    The simulator's port is its own choice, so its modes have no addresses of their own. Its WebSocket
    addresses follow from the REST one. In paper mode the simulator has the account alone: markets are asked of the
    venue whose prices it takes.

    :raises ConfigurationError: simulated or paper mode without ``BYBIT_REST_URL``.
    """
    known = _VENUE.get(settings.mode) or _beside(settings)
    if settings.mode is TradingMode.PAPER:
        market = market_of_paper(settings)
        known = replace(known, public_ws=market.public_ws, market_rest=market.rest)
    return replace(
        known,
        rest=_trimmed(settings.bybit_rest_url) or known.rest,
        public_ws=_trimmed(settings.bybit_public_ws_url) or known.public_ws,
        private_ws=_trimmed(settings.bybit_private_ws_url) or known.private_ws,
    )


def market_of_paper(settings: Settings) -> Endpoints:
    """Where the prices of a paper account come from: mainnet, unless the settings say otherwise."""
    live = _VENUE[TradingMode.LIVE]
    return replace(
        live,
        rest=_trimmed(settings.bybit_market_rest_url) or live.rest,
        public_ws=_trimmed(settings.bybit_public_ws_url) or live.public_ws,
    )


def _beside(settings: Settings) -> Endpoints:
    rest = _trimmed(settings.bybit_rest_url)
    if not rest.startswith(("http://", "https://")):
        raise ConfigurationError(
            f"BYBIT_REST_URL is {settings.bybit_rest_url!r}, but mode {settings.mode} needs the http address of the "
            "exchange simulator; start `trading-pipeline exchange` and set what it prints"
        )
    # https becomes wss by the same cut.
    sockets = "ws" + rest.removeprefix("http")
    return Endpoints(rest, f"{sockets}/v5/public/linear", f"{sockets}/v5/private")


def _trimmed(url: str) -> str:
    return url.strip().rstrip("/")
