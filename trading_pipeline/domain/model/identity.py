"""What instruments and accounts are called everywhere: each is one text that names its venue."""

import re
from enum import StrEnum
from typing import Self

from trading_pipeline.domain.model.errors import ConfigurationError


class VenueName(str):
    """A venue as identities write it: capital letters, ``BYBIT``.

    Which venues there are is not the model's to know; the catalogue of venues says it, and whoever reads an identity
    that a person wrote compares.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """A name as it is written.

        :raises ConfigurationError: it cannot be the name of any venue.
        """
        if not _CAPITALS.fullmatch(text):
            raise ConfigurationError(f"{text!r} is no name of a venue; write it in capital letters, like BYBIT")
        return cls(text)


_CAPITALS = re.compile(r"[A-Z]+")

SYMBOL = r"[A-Z0-9][A-Z0-9_-]{0,39}"
"""What a person may write as a symbol: ``BTCUSDT``, and what other venues write, ``BTC_USDT`` and ``BTC-25DEC26``."""


class TradingMode(StrEnum):
    """Which of a venue's worlds orders go to; ``LIVE`` alone is real money."""

    SIMULATED = "simulated"
    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


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

        :raises ConfigurationError: it has no venue or no symbol.
        """
        # The last dot: whatever a symbol is made of, the venue stands behind it.
        symbol, _, venue = text.rpartition(".")
        if not symbol or not _CAPITALS.fullmatch(venue):
            raise ConfigurationError(f"{text!r} names no venue; write it like BTCUSDT.BYBIT")
        return cls(text)

    @property
    def symbol(self) -> str:
        """As the venue writes it."""
        # An id from before identities had venues is its symbol.
        return self.rpartition(".")[0] or str(self)

    @property
    def venue(self) -> VenueName:
        """Where it is traded.

        :raises ConfigurationError: see ``parse``.
        """
        return VenueName(self.parse(self).rpartition(".")[2])


class AccountId(str):
    """``BYBIT:1234567:live``: the venue, its own id of the account, the mode, as text like ``InstrumentId``.

    The mode is a part because venues number the accounts of their worlds apart.
    """

    __slots__ = ()

    @classmethod
    def of(cls, venue: VenueName, own_id: str, mode: TradingMode) -> Self:
        """The account that a venue calls ``own_id``.

        :raises ConfigurationError: an empty id, or one that would be read back as something else.
        """
        # ":" parts an account's text, "/" a scope and a blank a command line.
        if not own_id or set(own_id) & set(":/ "):
            raise ConfigurationError(f"{own_id!r} is no account of {venue}: empty, or with one of ':', '/' and blank")
        return cls(f"{venue}:{own_id}:{mode}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """An identity as it is written.

        :raises ConfigurationError: it has not three parts, or a mode that there is not.
        """
        parts = text.split(":")
        if len(parts) != 3:
            raise ConfigurationError(f"{text!r} is no account; write it like BYBIT:1234567:live")
        venue, own_id, mode = parts
        if mode not in tuple(TradingMode):
            raise ConfigurationError(f"{text!r}: there is no mode {mode!r}, only {', '.join(TradingMode)}")
        return cls.of(VenueName.parse(venue), own_id, TradingMode(mode))

    @property
    def venue(self) -> VenueName:
        """Where the account is."""
        return VenueName(self.split(":")[0])

    @property
    def mode(self) -> TradingMode:
        """The world it is in."""
        return TradingMode(self.split(":")[2])
