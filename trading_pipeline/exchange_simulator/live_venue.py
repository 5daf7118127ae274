"""The venue that an exchange takes its prices from: contracts and the last minutes over REST.

Reads the venue's public words itself: an exchange that shared the parsing of what it tests would prove nothing.
"""

import json
import urllib.request
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

import numpy as np

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.exchange_simulator.bars import BarSeries, series_from_floats
from trading_pipeline.exchange_simulator.instruments import specification
from trading_pipeline.exchange_simulator.risk_tiers import RiskTier, Row, numbered

_MINUTES = 5
"""Length of the bars that the day's figures are made of."""
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class LiveContract:
    """What is traded.

    :param funding_hours: between two settlements.
    :param bars: the last thousand of five minutes.
    """

    instrument: Instrument
    funding_hours: int
    tiers: tuple[RiskTier, ...]
    bars: BarSeries


@dataclass(frozen=True, slots=True)
class LiveVenue:
    """Where it is: REST without a trailing slash, and the public WebSocket of linear contracts."""

    rest_url: str
    public_ws_url: str

    def __post_init__(self) -> None:
        """:raises ConfigurationError: the address is none of the web."""
        if not self.rest_url.startswith(("http://", "https://")):
            raise ConfigurationError(f"--live {self.rest_url!r} is no http address such as https://api.bybit.com")

    def contract(self, symbol: str, maker_fee: Decimal, taker_fee: Decimal) -> LiveContract:
        """A contract as the venue lists it, with fees of our own.

        :raises ConfigurationError: the venue does not answer, or lists no such symbol.
        """
        listed = self._ask("instruments-info", symbol=symbol)
        kline = self._ask("kline", symbol=symbol, interval=_MINUTES, limit=1000)
        if not listed or len(kline) < 2:
            raise ConfigurationError(f"{self.rest_url} lists no {symbol}, or has no bars of it; correct --symbols")
        row = listed[0]
        lot, tick = row["lotSizeFilter"], row["priceFilter"]["tickSize"]
        bars = _series(kline, symbol)
        usual = specification(symbol, bars.price(int(bars.close[-1])), None, maker_fee, taker_fee)
        instrument = Instrument(
            instrument_id=usual.instrument_id,
            kind=usual.kind,
            base_currency=row["baseCoin"],
            quote_currency=row["quoteCoin"],
            settlement_currency=row["settleCoin"],
            price_increment=Decimal(tick),
            quantity_increment=Decimal(lot["qtyStep"]),
            min_quantity=Decimal(lot["minOrderQty"]),
            max_quantity=Decimal(lot["maxOrderQty"]),
            max_market_quantity=Decimal(lot["maxMktOrderQty"]),
            min_notional=Decimal(lot["minNotionalValue"]),
            max_leverage=Decimal(row["leverageFilter"]["maxLeverage"]),
            maker_fee=maker_fee,
            taker_fee=taker_fee,
        )
        return LiveContract(instrument, int(row["fundingInterval"]) // 60, self._tiers(symbol), bars)

    def _tiers(self, symbol: str) -> tuple[RiskTier, ...]:
        """The contract's risk tiers.

        :raises ConfigurationError: the venue does not answer, or tells none.
        """
        names = ("riskLimitValue", "maintenanceMargin", "initialMargin", "maxLeverage")
        rows = [tuple(Decimal(row[name]) for name in names) for row in self._ask("risk-limit", symbol=symbol)]
        if not rows:
            raise ConfigurationError(f"{self.rest_url} tells no risk limits of {symbol}; correct --symbols")
        return numbered(cast("list[Row]", sorted(rows)))

    def _ask(self, path: str, **asked: object) -> list[Any]:
        query = urlencode({"category": "linear", **asked})
        try:
            asked_of = f"{self.rest_url}/v5/market/{path}?{query}"
            with urllib.request.urlopen(asked_of, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http alone, see below
                body = json.load(answer)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{self.rest_url} does not answer ({error}); prices come from there") from None
        if body.get("retCode") != 0:
            raise ConfigurationError(f"{self.rest_url} refused {path}: {body.get('retMsg')}")
        return cast("list[Any]", body["result"]["list"])


def _series(rows: list[list[str]], symbol: str) -> BarSeries:
    """Bars out of the venue's rows, which come newest first; the first still forms."""
    ordered = rows[:0:-1]
    open_ms = np.array([int(row[0]) for row in ordered], np.int64)
    names = ("open", "high", "low", "close", "volume")
    columns = {name: np.array([float(row[place]) for row in ordered]) for place, name in enumerate(names, start=1)}
    return series_from_floats(_MINUTES * 60_000, open_ms, columns, f"{symbol} of the venue")
