"""The ledger: what we meant to do, what the venue says became of it, and the positions that follow.

Every method is one database transaction, so a process may die between any two of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.fills import Booking, Fill
from trading_pipeline.domain.model.orders import IntentRecord, IntentState, OrderIntent, OrderReport
from trading_pipeline.domain.model.plans import Claim, PlanStanding, PlanStatus, TradePlan
from trading_pipeline.domain.model.positions import Position, StopKind


class PlanQueue(ABC):
    """Trade plans that wait for a run to execute them."""

    @abstractmethod
    def claim(self, run_id: str, now: datetime, lease: timedelta) -> Claim:
        """Give the run every plan that may be executed, and give it back those it has already.

        One close is one decision: a new plan may be executed once every timeframe that was heard to close with
        its bar is computed, or, should that not come to pass, once a later close is.

        Expires first what is past ``valid_until`` at venue time ``now`` and has no order. A claim of
        another run counts until its ``lease`` (wall time, as the database sees it) is over.
        """

    @abstractmethod
    def plan(self, plan_id: str) -> TradePlan:
        """One plan.

        :raises ConfigurationError: there is none of that id.
        """

    @abstractmethod
    def plans(self, plan_ids: Sequence[str]) -> dict[str, TradePlan]:
        """Several plans by id; those that are not stored are missing."""

    @abstractmethod
    def standing_of(self, signal_id: str) -> PlanStanding | None:
        """How far the plan of a signal has come; ``None`` where no plan was made of it."""

    @abstractmethod
    def take_up(self, plan_id: str, run_id: str, lease: timedelta) -> bool:
        """Give the run one plan that waits or was denied and has no order, or give it back one that it has.

        Compare-and-set, so that of two runs one gets it. It then counts as any claim, lease included.

        :returns: whether the run has it now.
        """

    @abstractmethod
    def finish(self, plan_id: str) -> PlanStatus:
        """Give the plan the status its position implies; it stays ``CLAIMED`` while its entry rests or goes on."""


class OrderLedger(ABC):
    """Order intents and fills. Hearing of something twice, or late, changes nothing."""

    @abstractmethod
    def write_intent(self, intent: OrderIntent) -> None:
        """Store the intent as ``INTENDED``; one that is stored already stays as it is."""

    @abstractmethod
    def intent(self, order_link_id: str) -> IntentRecord:
        """The intent and its state.

        :raises ConfigurationError: there is none of that id.
        """

    @abstractmethod
    def intents_of(self, plan_id: str) -> list[IntentRecord]:
        """Every intent of the plan, oldest first."""

    @abstractmethod
    def open_intents(self) -> list[IntentRecord]:
        """Every intent that was sent, or may have been, and is not final, oldest first."""

    @abstractmethod
    def states(self, order_link_ids: Sequence[str]) -> dict[str, IntentState]:
        """The states of several intents by link id; those that are not stored are missing."""

    @abstractmethod
    def advance(self, order_link_id: str, to: IntentState, reason: str = "", venue_order_id: str = "") -> bool:
        """Move the intent if its present state allows it; compare-and-set, so one of two callers wins.

        :returns: whether this call moved it.
        """

    @abstractmethod
    def continue_entry(self, order_link_id: str, successor: OrderIntent | None) -> None:
        """Store the order that follows an entry's newest one, in its place in the position; ``None``: none follows.

        Either way nothing follows the older one any more, and the position and the plan go by what is left. Where
        something was stored as its successor before, that stays.
        """

    @abstractmethod
    def apply_report(self, report: OrderReport) -> None:
        """Take in what the venue says about an order; reports about orders that are not ours are ignored.

        A state never goes back and never leaves a final one, the filled quantity never shrinks. The
        one exception is ``ABSENT``, our own conclusion from the venue's silence: its word refutes it.
        """

    @abstractmethod
    def apply_fill(self, fill: Fill) -> Booking:
        """Book a fill once per ``execution_id`` and recompute its position from all of its fills.

        :returns: whether it was new, and whose it is; of several callers one hears that it is new.
        """

    @abstractmethod
    def unbooked(self, heard: Sequence[Fill]) -> list[Fill]:
        """Those of the fills that are not booked, in their order; another process may book one of them meanwhile."""

    @abstractmethod
    def fills_missing_since(self) -> datetime | None:
        """The oldest bar close whose orders filled more than is booked, or may have; ``None`` when none is missing."""

    @abstractmethod
    def last_fill_time(self) -> datetime | None:
        """Venue time (UTC) of the newest fill, ``None`` when nothing was ever filled."""


class PositionBook(ABC):
    """Positions as their fills add up."""

    @abstractmethod
    def position_of(self, plan_id: str) -> Position | None:
        """The position that the plan opened or added to, ``None`` when the gate never admitted it."""

    @abstractmethod
    def entries_of(self, position_id: str) -> list[IntentRecord]:
        """The entries of a position, layer by layer, those included that ended without a fill."""

    @abstractmethod
    def live_positions(self) -> list[Position]:
        """Positions that are opening or open."""

    @abstractmethod
    def intents_by_position(self, position_ids: Sequence[str]) -> dict[str, list[IntentRecord]]:
        """Every intent that opens, adds to or reduces one of the positions, oldest first."""

    @abstractmethod
    def unfollowed_positions(self) -> list[Position]:
        """Positions with fills that stop and targets have not answered, closed ones included.

        Those whose opening plan a run holds are left out: that run follows them, or whoever takes the plan over.
        """

    @abstractmethod
    def entering_positions(self) -> list[Position]:
        """Live positions whose plan is not finished, as its entry is a limit order or goes on after its first one."""

    @abstractmethod
    def holding(self, plan_id: str) -> AbstractContextManager[None]:
        """Keep other runs from moving orders of the position the plan opened until the block or its process ends."""

    @abstractmethod
    def set_stop(self, position_id: str, stop_price: Decimal, kind: StopKind | None) -> None:
        """Remember the stop (quote currency) that is live at the venue, and its level; not of a closed position."""

    @abstractmethod
    def set_runner_stop(self, position_id: str, stop_price: Decimal) -> None:
        """Remember where the runner's stop stands, quote currency."""

    @abstractmethod
    def mark_followed(self, position_id: str, fills: int) -> None:
        """Remember that stop and targets have answered the position's first ``fills`` fills."""

    @abstractmethod
    def mark_managed(self, position_ids: Sequence[str], wave: datetime) -> None:
        """Remember that nothing is left to do for the positions about the bars that closed at ``wave`` (UTC)."""

    @abstractmethod
    def leftover_intents(self) -> list[IntentRecord]:
        """Reduce-only intents that are not final although their position is closed or failed."""


class Ledger(PlanQueue, OrderLedger, PositionBook, ABC):
    """All of it: one store implements the three."""
