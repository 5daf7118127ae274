"""What people may order, as the launchpad asks for it."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import dagster as dg
from pydantic import Field

from trading_pipeline.domain.model.commands import CommandVerb, OperatorCommand
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.halts import ALL, HaltScope
from trading_pipeline.services.execution.move_stop_by_operator import StopWanted

_NOBODY = "unnamed, in the Dagster UI"


class Ordered(dg.Config):
    """Who and why."""

    reason: str = Field("", description="why, in a sentence; needed for everything that stops, closes or forces")
    actor: str = Field("", description="who gives the command")

    def command(self, verb: CommandVerb, scope: HaltScope, run_id: str) -> OperatorCommand:
        """For the record, under the run's id."""
        return OperatorCommand(
            command_id=run_id,
            verb=verb,
            scope=scope,
            actor=self.actor.strip() or _NOBODY,
            reason=self.reason,
            # Wall time: a command is a person's, and has to be possible while no venue tells the time.
            given_at=datetime.now(UTC),
            run_id=run_id,
        )


class Scoped(Ordered):
    """What is halted."""

    scope: str = Field(str(ALL), description="all, an instrument such as BTCUSDT or BTCUSDT.BYBIT, or an account")


class Resumed(Scoped):
    """What is let go on, and how."""

    force: bool = Field(False, description="lift without comparing venue and ledger first; needs a reason")


class Switched(Ordered):
    """Which way the kill switch is turned."""

    on: bool = Field(description="true: nothing new is entered; false: entries are let go on")
    close: bool = Field(False, description="on: close everything that is open at market, too")
    force: bool = Field(False, description="off: without comparing venue and ledger first; needs a reason")


class Closed(Ordered):
    """What is closed."""

    instrument: str = Field(description="such as BTCUSDT or BTCUSDT.BYBIT")


class Opened(Ordered):
    """What is opened."""

    signal_id: str = Field(description="of a stored signal whose plan was not executed")


class StopOrdered(Closed):
    """Where a stop is to be."""

    price: str = Field(description="quote currency, a whole number of ticks")
    loosen: bool = Field(False, description="also where more may be lost than now; it then stays there")
    position_id: str = Field("", description="only of this position; empty for whichever is open")

    @property
    def wanted(self) -> StopWanted:
        """:raises ConfigurationError: the price is no number."""
        try:
            return StopWanted(Decimal(self.price), self.loosen, self.position_id)
        except InvalidOperation:
            raise ConfigurationError(f"price {self.price!r} is no number; write one such as 99.5") from None


class Cancelled(Ordered):
    """What is taken back."""

    order_link_id: str = Field(description="of a limit entry or a target that rests")
