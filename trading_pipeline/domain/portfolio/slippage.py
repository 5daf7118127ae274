"""How much worse a fill was than the price it was decided at."""

from decimal import Decimal

from trading_pipeline.domain.model.orders import Side

_BPS = Decimal(10_000)
_SHOWN = Decimal("0.0001")


def adverse_bps(side: Side, price: Decimal, reference: Decimal) -> Decimal:
    """Basis points of ``reference``, positive where the fill was worse: a buy above it, a sell below it.

    :param price: of the fill, quote currency.
    :param reference: what the decision counted with, quote currency, above zero.
    :returns: rounded to a ten-thousandth of a basis point.
    """
    beyond = price - reference if side is Side.BUY else reference - price
    return (beyond / reference * _BPS).quantize(_SHOWN)
