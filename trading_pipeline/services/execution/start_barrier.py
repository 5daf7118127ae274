"""No entries after a start until venue and ledger have been found to agree."""

from dataclasses import dataclass

from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.execution.compare_account import compare_account
from trading_pipeline.services.execution.execution_context import ExecutionContext

_EVERY_LOOKS = 10
"""Looks between two comparisons of an account that differs: each asks the venue a dozen questions."""


@dataclass(slots=True)
class StartBarrier:
    """A halt of kind ``START`` of the account, from the first look on until the first clean comparison.

    What differs is halted, instrument by instrument, by reconciliation; a person who wants the others to trade before
    that is mended resumes the account.
    """

    passed: bool = False
    _looks: int = 0

    def look(self, context: ExecutionContext) -> None:
        """Let nothing in at the first look; compare, and end it where nothing differs.

        :raises TemporaryVenueError: the venue does not answer; the barrier stands.
        """
        scope = HaltScope.of(context.account_id)
        reason = "venue and ledger have not been found to agree since the start"
        # Before anything is compared: while the venue is asked, a wave could already enter.
        if not self._looks:
            context.halts.halt(Halt(scope, reason, context.clock.now(), run_id=context.run_id, kind=HaltKind.START))
        self._looks += 1
        # The first look compares at once, or a clean start would wait for nothing.
        if self._looks % _EVERY_LOOKS != 1:
            return
        found = compare_account(context=context)
        if not found:
            self.passed = True
            context.halts.lift(scope, HaltKind.START)
        elif self._looks == 1:
            details = "; ".join(f"{one.instrument_id}: {one.detail}" for one in found)
            body = (
                f"{details}. No entries before this is mended; `trading-pipeline resume {scope}` begins all the same."
            )
            context.notifier.notify(Severity.CRITICAL, f"not started: {scope}", body)
