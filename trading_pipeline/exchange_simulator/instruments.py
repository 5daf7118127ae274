"""Contract specifications: the venue's for well-known symbols, derived from the price for all others."""

import hashlib
import re
from decimal import Decimal

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId, VenueName
from trading_pipeline.domain.model.instruments import Instrument, InstrumentKind

_SYMBOL = re.compile(r"[A-Z0-9]{2,20}USDT")
MAKER_FEE, TAKER_FEE = Decimal("0.0002"), Decimal("0.00055")
"""What the venue takes of the traded value from a new account."""

# symbol: typical price, tick, quantity step, largest limit order, largest market order, leverage
_KNOWN = {
    "BTCUSDT": ("100000", "0.10", "0.001", "1190.000", "500.000", "100.00"),
    "ETHUSDT": ("3500", "0.01", "0.01", "7240.00", "2000.00", "100.00"),
    "SOLUSDT": ("190", "0.010", "0.1", "79770.0", "14000.0", "100.00"),
    "XRPUSDT": ("2.3", "0.0001", "0.1", "3000000.0", "600000.0", "75.00"),
    "ADAUSDT": ("0.8", "0.0001", "1", "7700000", "1600000", "75.00"),
    "DOGEUSDT": ("0.32", "0.00001", "1", "18000000", "5000000", "75.00"),
    "DOTUSDT": ("6.5", "0.0001", "0.1", "900000.0", "180000.0", "75.00"),
}


def typical_price(symbol: str) -> Decimal:
    """Where generated prices of a symbol begin: known, else between 0.05 and 500 USDT by a hash of the name.

    :raises ConfigurationError: the name is not a USDT-margined symbol.
    """
    if not _SYMBOL.fullmatch(symbol):
        raise ConfigurationError(f"symbol {symbol!r} is not tradable here; use upper-case names such as BTCUSDT")
    if symbol in _KNOWN:
        return Decimal(_KNOWN[symbol][0])
    # From the name, so that a restarted exchange has the same market.
    number = int.from_bytes(hashlib.sha256(symbol.encode()).digest()[:4])
    return (Decimal(5 + number % 95) * Decimal(10) ** (number // 95 % 3 - 2)).normalize()


def specification(
    symbol: str,
    price: Decimal,
    price_decimals: int | None = None,
    maker_fee: Decimal = MAKER_FEE,
    taker_fee: Decimal = TAKER_FEE,
) -> Instrument:
    """The contract of a symbol that trades around ``price``.

    :param price_decimals: decimals of recorded prices. They are the tick of a symbol that is not well known;
        that of the others is made fine enough for them.
    """
    known = _KNOWN.get(symbol)
    _, tick, step, most, most_market, leverage = known or _derived(price)
    increment = Decimal(tick)
    if price_decimals is not None:
        recorded = Decimal(1).scaleb(-price_decimals)
        increment = min(increment, recorded) if known else recorded
    return Instrument(
        instrument_id=InstrumentId.of(symbol, VenueName("BYBIT")),
        kind=InstrumentKind.LINEAR_PERPETUAL,
        base_currency=symbol.removesuffix("USDT"),
        quote_currency="USDT",
        settlement_currency="USDT",
        price_increment=increment,
        quantity_increment=Decimal(step),
        min_quantity=Decimal(step),
        max_quantity=Decimal(most),
        max_market_quantity=Decimal(most_market),
        # The venue's least order value for USDT contracts.
        min_notional=Decimal(5),
        max_leverage=Decimal(leverage),
        maker_fee=maker_fee,
        taker_fee=taker_fee,
    )


def _derived(price: Decimal) -> tuple[str, str, str, str, str, str]:
    """Five significant digits of price, a step worth at most 5 USDT, sizes up to 50 million USDT."""
    tick = Decimal(1).scaleb(price.adjusted() - 4)
    # Never more than one: venues list fractions of expensive coins and whole numbers of cheap ones.
    step = Decimal(1).scaleb(min(0, -price.adjusted()))
    most = (Decimal(50_000_000) / price / step).quantize(Decimal(1)) * step
    market = (Decimal(10_000_000) / price / step).quantize(Decimal(1)) * step
    return "", f"{tick:f}", f"{step:f}", f"{most:f}", f"{market:f}", "50.00"
