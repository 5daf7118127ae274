"""Decide about each claimed plan: an entry of a certain size, or a denial with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.orders import OrderIntent
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.entry import EntryQuestion, EntryVerdict, GateFacts
from trading_pipeline.domain.risk.gate import decide_entry
from trading_pipeline.ports.risk_store import EntryGate
from trading_pipeline.services.desk import Desk


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate let through and what it denied, in the order of the plans.

    :param wallet_problem: why the wallet could not be read, empty when it was.
    """

    admitted: tuple[OrderIntent, ...]
    denied: tuple[EntryVerdict, ...]
    wallet_problem: str = ""


def gate_plans(*, desk: Desk, gate: EntryGate, plans: Sequence[TradePlan]) -> GateResult:
    """Ask every rule about every plan, one transaction under the account's lock each.

    An admitted plan leaves with its position (opening) and its entry intent stored. A wallet that
    cannot be read denies: nothing is sized by guesswork.
    """
    if not plans:
        return GateResult((), ())
    wallet, problem = _wallet(desk)
    verdicts = [_verdict(desk, gate, plan, wallet) for plan in plans]
    return GateResult(
        admitted=tuple(verdict.intent for verdict in verdicts if verdict.intent is not None),
        denied=tuple(verdict for verdict in verdicts if verdict.intent is None),
        wallet_problem=problem,
    )


def _wallet(desk: Desk) -> tuple[Wallet | None, str]:
    try:
        return desk.trading.wallet(), ""
    except TemporaryVenueError as error:
        return None, str(error)


def _verdict(desk: Desk, gate: EntryGate, plan: TradePlan, wallet: Wallet | None) -> EntryVerdict:
    now = desk.clock.now()
    instrument = desk.instruments.get(plan.symbol)

    def decide(facts: GateFacts) -> OrderIntent:
        return decide_entry(EntryQuestion(plan, facts, wallet, instrument, desk.limits, now), desk.run_id)

    return gate.admit(plan, desk.run_id, now, decide)
