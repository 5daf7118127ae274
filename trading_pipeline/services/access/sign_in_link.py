"""A link that signs somebody in once, for whoever sits before the machine that a simulated system runs on."""

from datetime import datetime

from trading_pipeline.domain.model.access import Role, User
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.errors import ConfigurationError, NotSignedIn
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.ports.credentials import Tickets
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.manage_users import Actor, add_user, find_user
from trading_pipeline.services.access.open_session import count_attempt, open_session
from trading_pipeline.services.access.tokens import TokenPair


def issue_link(*, access: AccessContext, links: Tickets, name: str, actor: Actor, added_as: Role | None = None) -> str:
    """What a user's link ends in; it is told once and kept as a hash.

    :param added_as: the role of the user where there is none of that name yet.
    :raises UnknownName: there is no such user, and none is to be added.
    :raises ConfigurationError: real money or a second factor is at stake, or the user is kept out.
    """
    if access.mode is not TradingMode.SIMULATED:
        raise ConfigurationError(f"in mode {access.mode} people sign in by password; links are for simulated systems")
    if added_as is not None and access.users.named(name.strip().lower()) is None:
        add_user(access=access, name=name, role=added_as, actor=actor)
    user = find_user(access, name)
    if reason := _objection(access, user):
        raise ConfigurationError(f"{user.name} gets no link: {reason}")
    link = links.issue(user.name)
    access.audit.append(AuditEntry(actor.name, "sign_in_link.issue", user.name, "done", actor.request_id))
    return link


def sign_in_by_link(
    *, access: AccessContext, links: Tickets, link: str, address: str, request_id: str, now: datetime
) -> TokenPair:
    """Open a session for a link, which is used up by it.

    :param now: wall time, UTC.
    :raises NotSignedIn: there is no such link, it was used or is over, or its user is kept out meanwhile.
    :raises TooManyRequests: the address tried too often.
    :raises ServerAway: nobody can count attempts, or look the link up.
    """
    count_attempt(access, address)
    try:
        user = access.users.named(links.redeem(link))
    except NotSignedIn as error:
        access.audit.append(AuditEntry("", "sign_in", address, "refused", request_id, "no such link"))
        raise NotSignedIn("this link was used or is over; `trading-pipeline users link NAME` makes another") from error
    if user is None or _objection(access, user):
        raise NotSignedIn("whom this link let in is kept out now")
    return open_session(
        access=access, user=user, address=address, request_id=request_id, now=now, detail="by a one-time link"
    )


def _objection(access: AccessContext, user: User) -> str:
    """Why a link does not let the user in; empty where nothing speaks against it."""
    if access.mode is not TradingMode.SIMULATED or access.asks_for_code(user):
        return "a link stands for a password, and the user is asked for a code, too"
    return "" if user.active else "the user is disabled"
