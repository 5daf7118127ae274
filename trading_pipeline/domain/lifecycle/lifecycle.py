"""The lifecycle of a trade as one typed object; ``docs/lifecycle.md`` says what each part means."""

from dataclasses import dataclass, field
from enum import StrEnum

from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.plans import ExitRules, Runner, Target
from trading_pipeline.domain.risk.limits import RiskLimits


class EntryTiming(StrEnum):
    """When a market entry is filled that a bar's close decided."""

    BAR_CLOSE = "bar_close"


class StopTrigger(StrEnum):
    """The price that sets a stop off."""

    LAST_PRICE = "last_price"


class WaveStep(StrEnum):
    """What happens at one closing instant."""

    WALK = "walk"
    FUNDING = "funding"
    EXITS = "exits"
    STOPS = "stops"
    MARK = "mark"
    ENTRIES = "entries"
    PASSED = "passed"


# The order in which the members are written is the order of events; whoever moves one changes results.
WAVE_ORDER = tuple(WaveStep)
"""The order of events inside a wave, over all instruments."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Everything that decides what becomes of a signal of one strategy.

    :param targets: one to three, nearest first; their fractions and the runner's add up to 1.
    :param next_bar_exit: leave at the first close after the deciding one at which momentum has not moved in favour.
    :param limits: size, limits, expiry of plans and order of entries, of the whole account.
    :param costs: of the venue.
    :param entry_order: by which orders a plan is entered; a backtest fills either kind at the deciding close.
    """

    targets: tuple[Target, ...]
    runner: Runner
    limits: RiskLimits
    costs: Costs
    exit_rules: ExitRules = field(default_factory=ExitRules)
    next_bar_exit: bool = False
    entry_order: EntryOrder = field(default_factory=EntryOrder)
    # One member each: a file may state what is assumed, and one that assumes something else is refused.
    entry: EntryTiming = EntryTiming.BAR_CLOSE
    stop_trigger: StopTrigger = StopTrigger.LAST_PRICE
