"""The state of the whole market, as entries read it."""

from enum import StrEnum


class Regime(StrEnum):
    """How much risk the market is worth: all of it, less, and for the last two none."""

    RISK_ON = "risk_on"
    RISK_SMALL = "risk_small"
    NEUTRAL = "neutral"
    RISK_OFF = "risk_off"
