"""AVI-5: channel breakouts confirmed by trend, VWAP and the order book."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from trading_pipeline.domain.indicators.bands import donchian
from trading_pipeline.domain.indicators.moving_averages import ema
from trading_pipeline.domain.indicators.ties import beyond
from trading_pipeline.domain.indicators.volatility import atr_exponential
from trading_pipeline.domain.indicators.vwap import rolling_vwap_bands
from trading_pipeline.domain.indicators.windows import shifted
from trading_pipeline.domain.model.books import BOOK_COLUMNS
from trading_pipeline.domain.model.calibrations import HourlyTheta
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.strategies.avi5.levels import ENTRY_VALID_BARS, EXIT_GRID, SWING_EXIT_GRID, entry_grid
from trading_pipeline.domain.strategies.framework.arrays import (
    ArrayStrategy,
    BarArrays,
    Decisions,
    Flags,
    Floats,
    Leaving,
)
from trading_pipeline.domain.strategies.framework.parameters import Parameters, ranged
from trading_pipeline.domain.strategies.framework.trade_rules import TradeRules

# A quarter of an hour, whatever the bars are: the trend that confirms is that of 15m closes.
_TREND_MS = 900_000
_TREND_PERIOD = 20
_VWAP_WINDOW = 20
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000
_ANY_THETA = 1e-9
"""Below every imbalance that agrees with a side at all."""


@dataclass(frozen=True, slots=True)
class Avi5Parameters(Parameters):
    """Windows in bars; each confirmation can be switched off.

    :param vwap_width: deviations the close has to lie beyond VWAP.
    :param confirm_book: needs ``BOOK_COLUMNS`` in the frame; off where only bars are recorded.
    :param theta: least absolute signed imbalance where no calibration is given.
    :param swing: let what the first target leaves run until the opposite channel breaks.
    :param entry_levels: equal parts in which a trade is entered, the first at the close; 1 enters at once.
    :param entry_step_atr: distance between two entry levels in ATR.
    :param min_minutes_to_funding: least time from the close to the next funding; exactly so much is allowed.
    :param funding_interval_hours: between two fundings, counted from midnight UTC; 0 switches the guard off.
    """

    atr_window: int = ranged(14, 2, 200)
    donchian_window: int = ranged(14, 2, 500)
    atr_multiplier: float = ranged(2.0, 0.1, 20.0)
    confirm_trend: bool = ranged(True, False, True)
    confirm_vwap: bool = ranged(True, False, True)
    vwap_width: float = ranged(1.0, 0.0, 10.0)
    confirm_book: bool = ranged(False, False, True)
    theta: float = ranged(0.35, 0.15, 0.50)
    swing: bool = ranged(False, False, True)
    entry_levels: int = ranged(1, 1, 10)
    entry_step_atr: float = ranged(0.5, 0.05, 5.0)
    min_minutes_to_funding: int = ranged(15, 0, 1440)
    funding_interval_hours: int = ranged(8, 0, 24)

    def check(self) -> None:
        """Every entry level has to lie before the stop, and fundings have to repeat with the day and leave room."""
        depth = (self.entry_levels - 1) * self.entry_step_atr
        if depth >= self.atr_multiplier:
            raise ConfigurationError(
                f"entry_levels = {self.entry_levels}, {self.entry_step_atr} ATR apart, reach the stop "
                f"{self.atr_multiplier} ATR away: use fewer, or lower entry_step_atr"
            )
        if self.funding_interval_hours and 24 % self.funding_interval_hours:
            raise ConfigurationError(
                f"funding_interval_hours = {self.funding_interval_hours}: must divide 24, or be 0 for no guard"
            )
        if 0 < self.funding_interval_hours * 60 <= self.min_minutes_to_funding:
            raise ConfigurationError(
                f"min_minutes_to_funding = {self.min_minutes_to_funding}: every bar is so near to a funding; "
                f"must be below the {self.funding_interval_hours * 60} minutes between two"
            )


@dataclass(frozen=True)
class Avi5(ArrayStrategy):
    """Long when the close leaves the channel of the bars before upwards and the close before had not.

    Confirmed by the 15m trend (close beyond an EMA 20 that moves the same way, on the last closed 15m
    bar), by a close beyond VWAP and its deviation, and by the book; not shortly before a funding. Stop
    ``atr_multiplier`` ATR away. Short is the mirror; a short whose third target would not lie above zero is left
    out.

    :param thetas: least imbalance per UTC hour from a calibration; empty uses ``theta`` for all.
    :param dead_hours: UTC hours without entries.
    """

    name: ClassVar[str] = "avi5"
    parameters: Avi5Parameters = field(default_factory=Avi5Parameters)
    thetas: tuple[float, ...] = ()
    dead_hours: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.thetas and (len(self.thetas) != 24 or not all(0 < theta < 1 for theta in self.thetas)):
            raise ConfigurationError(f"{len(self.thetas)} thetas: need one per UTC hour, each between 0 and 1")
        if not self.dead_hours <= set(range(24)):
            raise ConfigurationError(f"dead hours {sorted(self.dead_hours)}: must lie between 0 and 23")

    def calibrated(self, hours: Sequence[HourlyTheta]) -> Self:
        """The same strategy with the thresholds and dead hours of a calibration.

        :raises ConfigurationError: not exactly one entry per UTC hour.
        """
        ordered = sorted(hours, key=lambda one: one.hour)
        if [one.hour for one in ordered] != list(range(24)):
            raise ConfigurationError(f"hours {[one.hour for one in ordered]}: a calibration has each of 0 to 23 once")
        dead = frozenset(one.hour for one in ordered if one.dead)
        return replace(self, thetas=tuple(one.theta for one in ordered), dead_hours=dead)

    def uncalibrated(self) -> Self:
        """The same strategy with no threshold and no dead hour: every trigger a calibration may choose among."""
        # The threshold of nearly nothing still leaves out books
        # that lean against the side: no threshold would take those.
        seeing = replace(self.parameters, confirm_book=True)
        return replace(self, parameters=seeing, thetas=(_ANY_THETA,) * 24, dead_hours=frozenset())

    @property
    def needs_book(self) -> bool:
        """When the book has to confirm."""
        return self.parameters.confirm_book

    @property
    def version(self) -> str:
        """Changes with the calibration too."""
        # What a calibration found decides like a parameter, so that signals and plans carry it in their version.
        parts = [self.name, asdict(self.parameters), list(self.thetas), sorted(self.dead_hours)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def warmup_bars(self) -> int:
        """ATR and the channel of the bars before; the confirmations need more and then say nothing."""
        return max(self.parameters.atr_window, self.parameters.donchian_window) + 1

    @property
    def trade_rules(self) -> TradeRules:
        """The exit grid, and the levels of the entry."""
        targets = SWING_EXIT_GRID if self.parameters.swing else EXIT_GRID
        return TradeRules(targets, entry_levels=self.parameters.entry_levels, entry_valid_bars=ENTRY_VALID_BARS)

    def decide(self, bars: BarArrays) -> Decisions:
        """Decisions from bars alone.

        :raises DataError: the book has to confirm, which bars cannot tell; use ``signals``.
        """
        if self.parameters.confirm_book:
            raise DataError(
                f"confirm_book needs the columns {', '.join(BOOK_COLUMNS)}: give signals() a frame with them"
            )
        return self._decide(bars, None)

    def signals(self, bars: pd.DataFrame) -> pd.DataFrame:
        """As every strategy's; with ``confirm_book`` the frame carries ``BOOK_COLUMNS``.

        :raises DataError: a book column is missing. An undefined value in it confirms nothing.
        """
        if not self.parameters.confirm_book:
            return super().signals(bars)
        missing = [name for name in BOOK_COLUMNS if name not in bars]
        if missing:
            raise DataError(f"confirm_book needs {', '.join(missing)} in the bars: record the book or switch it off")
        book = [bars[name].to_numpy(np.float64) for name in BOOK_COLUMNS]
        return self.as_frame(self._decide(BarArrays.of(bars), (book[0], book[1])))

    def leave(self, bars: BarArrays) -> Leaving | None:
        """In swing mode, a close beyond the opposite side of the channel before."""
        if not self.parameters.swing:
            return None
        upper, lower = self._channel(bars)
        return Leaving(bars.close < lower, bars.close > upper)

    def details(self, decisions: Decisions, row: int) -> Details:
        """The numbers behind the signal (prices in quote currency) and the exit grid (fractions of the position)."""
        entry, stop = float(decisions.entry_price[row]), float(decisions.stop_price[row])
        grid = self.trade_rules.targets
        targets = [{"price": entry + multiple * (entry - stop), "fraction": share} for multiple, share in grid]
        return {**decisions.details(row), "targets": targets}

    def _decide(self, bars: BarArrays, book: tuple[Floats, Floats] | None) -> Decisions:
        """Triggers that every confirmation shares, with their levels."""
        rule = self.parameters
        if rule.confirm_vwap:
            bars.require_volume(self.name)
        upper, lower = self._channel(bars)
        before = shifted(bars.close)
        unit = rule.atr_multiplier * atr_exponential(bars.high, bars.low, bars.close, rule.atr_window)
        sides = []
        for sign, edge in ((1, upper), (-1, lower)):
            # The close before had not left: a close that stays outside is no second breakout.
            left = (sign * (bars.close - edge) > 0) & (sign * (before - edge) <= 0)
            sides.append(left & self._confirmed(bars, sign, book))
        direction = np.where(sides[0], 1, np.where(sides[1], -1, 0))
        # The mirror of a long's third target: prices have an end below only.
        within = (direction > 0) | (beyond(bars.close - 3 * unit, 0.0, bars.close) > 0)
        at = np.flatnonzero((direction != 0) & np.isfinite(unit) & within)
        evidence = {"risk_unit": unit[at], "channel_upper": upper[at], "channel_lower": lower[at]}
        if book is not None:
            evidence["imbalance"] = book[0][at]
        entry, stop = bars.close[at], (bars.close - direction * unit)[at]
        step = rule.entry_step_atr / rule.atr_multiplier
        grid = entry_grid(entry, stop, rule.entry_levels, step) if rule.entry_levels > 1 else None
        return Decisions(at, direction[at], entry, stop, np.full(len(at), 50.0), evidence, grid)

    def _channel(self, bars: BarArrays) -> tuple[Floats, Floats]:
        """Highest high and lowest low of the bars before each bar, quote currency."""
        upper, lower = donchian(bars.high, bars.low, self.parameters.donchian_window)
        # Of the bars before: no close leaves a channel that already contains its own bar.
        return shifted(upper), shifted(lower)

    def _confirmed(self, bars: BarArrays, sign: int, book: tuple[Floats, Floats] | None) -> Flags:
        """Bars at which every confirmation that is switched on agrees with the side."""
        rule = self.parameters
        # The hour of the close, at which the entry is made.
        hour = bars.close_time_ms // _HOUR_MS % 24
        agreed = ~np.isin(hour, list(self.dead_hours))
        if rule.funding_interval_hours:
            # At a funding's own instant it is settled, and the next one is an interval away.
            interval = rule.funding_interval_hours * _HOUR_MS
            agreed &= interval - bars.close_time_ms % interval >= rule.min_minutes_to_funding * _MINUTE_MS
        if rule.confirm_trend:
            agreed &= _trend(bars) == sign
        if rule.confirm_vwap:
            bands = rolling_vwap_bands(bars.close, bars.close, bars.volume, _VWAP_WINDOW)
            agreed &= beyond(sign * (bars.close - bands.vwap), rule.vwap_width * bands.deviation, bars.close) > 0
        if book is not None:
            theta = np.array(self.thetas)[hour] if self.thetas else rule.theta
            agreed &= (sign * book[0] >= theta) & (sign * book[1] > 0)
        return agreed


def _trend(bars: BarArrays) -> Floats:
    """1, -1 or 0 per bar: the side of the last closed 15m bar from a rising or falling EMA 20 of their closes.

    Bars of 15m and longer are their own trend bars.
    """
    result = np.zeros(len(bars))
    # Closes that end a quarter of an hour are closed 15m bars; one that still forms is never seen.
    closes_at = np.flatnonzero(bars.close_time_ms % _TREND_MS == 0)
    if len(closes_at) <= _TREND_PERIOD:
        return result
    close = bars.close[closes_at]
    average = ema(close, _TREND_PERIOD)
    beside, slope = np.sign(beyond(close, average, close)), np.sign(beyond(average, shifted(average), close))
    side = np.where(beside == slope, beside, 0.0)
    newest = np.searchsorted(closes_at, np.arange(len(bars)), side="right") - 1
    known = newest >= 0
    result[known] = side[newest[known]]
    return result
