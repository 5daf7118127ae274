"""What an operator orders the system to do, for the record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.halts import HaltScope


class CommandVerb(StrEnum):
    """``FLATTEN`` is the half of a kill switch that closes what is open; ``MEND`` says what a bar was, ``OPEN`` enters
    what a stored signal says, ``MOVE_STOP`` puts the stop of an open position elsewhere, ``CANCEL`` takes one
    order back."""

    HALT = "halt"
    RESUME = "resume"
    CLOSE = "close"
    FLATTEN = "flatten"
    OPEN = "open"
    MOVE_STOP = "move_stop"
    CANCEL = "cancel"
    MEND = "mend"


class CommandOutcome(StrEnum):
    """``ASKED`` is written before anything is done; one of the others follows unless the process died."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OperatorCommand:
    """One command of one person.

    :param command_id: shared by everything recorded about it; of a job its run id.
    :param scope: what it is about; of a close an instrument.
    :param actor: who gave it, by the name the system or the person gives.
    :param reason: why, as a sentence; may be empty where nothing is stopped or forced.
    :param given_at: wall time in UTC, because a command must be possible while no venue answers.
    :param run_id: the Dagster run that carries it out, empty when the command line does.
    """

    command_id: str
    verb: CommandVerb
    scope: HaltScope
    actor: str
    reason: str
    given_at: datetime
    run_id: str = ""

    def require_reason(self) -> None:
        """Insist on a reason.

        :raises ConfigurationError: there is none.
        """
        if not self.reason.strip():
            raise ConfigurationError(f"{self.verb} of {self.scope} without a reason; say why with --reason")


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One line of the record.

    :param detail: what came of it.
    """

    command: OperatorCommand
    outcome: CommandOutcome
    detail: str
