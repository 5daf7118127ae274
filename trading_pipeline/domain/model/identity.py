"""What an instrument is called everywhere: its symbol and its venue in one text."""

from enum import StrEnum
from typing import Self

from trading_pipeline.domain.model.errors import ConfigurationError


class VenueName(StrEnum):
    """The venues there are, as identities write them."""

    BYBIT = "BYBIT"
    GATEIO = "GATEIO"
    POLYMARKET = "POLYMARKET"


class InstrumentId(str):
    """``BTCUSDT.BYBIT``: the symbol as the venue writes it, a dot, the venue.

    It is text, so that it is a column, a partition key, a stream's field and a part of a decision's key as it
    stands; being a type of its own, no plain text is taken for one.
    """

    __slots__ = ()

    @classmethod
    def of(cls, symbol: str, venue: VenueName) -> Self:
        """The instrument of a venue.

        :raises ConfigurationError: an empty symbol.
        """
        if not symbol:
            raise ConfigurationError(f"an instrument of {venue} without a symbol; write it like BTCUSDT.{venue}")
        return cls(f"{symbol}.{venue}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """An identity as it is written.

        :raises ConfigurationError: it has no venue, no symbol, or a venue that there is not.
        """
        symbol, _, venue = text.rpartition(".")
        known = ", ".join(VenueName)
        if not symbol:
            raise ConfigurationError(f"{text!r} names no venue; write it like BTCUSDT.BYBIT, with one of {known}")
        if venue not in tuple(VenueName):
            raise ConfigurationError(f"{text!r}: there is no venue {venue!r}, only {known}")
        return cls(text)

    @property
    def symbol(self) -> str:
        """As the venue writes it."""
        return self.rpartition(".")[0] or str(self)

    @property
    def venue(self) -> VenueName:
        """Where it is traded.

        :raises ConfigurationError: see ``parse``.
        """
        return VenueName(self.parse(self).rpartition(".")[2])
