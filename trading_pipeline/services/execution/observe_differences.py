"""Compare venue and ledger and remember what came out; no order is sent or moved, nothing is halted."""

from dataclasses import dataclass

from trading_pipeline.domain.risk.differences import Difference
from trading_pipeline.services.execution.compare_account import compare_account
from trading_pipeline.services.execution.execution_context import ExecutionContext


@dataclass(frozen=True, slots=True)
class Observed:
    """What one whole comparison found.

    :param standing: disagreements seen twice in a row.
    :param gone: disagreements that stood at the comparison before and do no more.
    """

    standing: tuple[Difference, ...]
    gone: tuple[Difference, ...]


def observe_differences(*, context: ExecutionContext) -> Observed:
    """May be repeated at any time by anybody.

    :raises TemporaryVenueError: the venue does not answer; nothing is remembered then, so that silence ends nothing.
    """
    standing = compare_account(context=context)
    return Observed(standing, context.differences.keep(standing, context.run_id, context.clock.now()))
