"""One error tree, sorted by what the caller does next.

``TradingError``
    ``ConfigurationError``: stop; a human has to change something.
    ``DataError``: no decision may be taken from this data.
        ``GapError``: bars are missing.
        ``StaleDataError``: the newest data is too old.
    ``StrategyFailed``: say so and go on with everything that it has no part in.
    ``AccountTradedElsewhere``: stop at once; another running system trades the account.
    ``OrderDenied``: our own gate said no; record it and go on.
    ``VenueError``: the venue or the way to it failed.
        ``TemporaryVenueError``: repeat the read.
            ``TurnedAway``: repeat after ``retry_after_s``, also a write.
        ``OrderRejectedByVenue``: definite; this order does not exist.
            ``StopPassed``: a stop that cannot rest any more; leave at market.
        ``OrderOutcomeUnknown``: never repeat; ask by link id until it is settled.
        ``TradingForbiddenByVenue``: stop trading on this account; page a human.
    ``AccessRefused``: nothing was done for whoever asked.
        ``NotSignedIn``: say who asks, and ask again.
        ``NotAllowed``: somebody who may has to ask.
        ``TooManyRequests``: ask again after ``retry_after_s``.
    ``UnknownName``: there is no such thing; ask for another.
    ``ServerAway``: a server of ours does not answer; ask again later.
"""

from decimal import Decimal


class TradingError(Exception):
    """Root of every error this project raises on purpose."""


class ConfigurationError(TradingError):
    """A setting, file or argument is wrong; the message says which and what to do."""


class DataError(TradingError):
    """Market data that must not lead to a decision."""


class GapError(DataError):
    """Bars are missing and could not be fetched."""


class StaleDataError(DataError):
    """The newest bar or account state is older than a decision allows."""


class StrategyFailed(TradingError):
    """A strategy raised, or came to no end.

    :param strategy: its name.
    :param reason: what it did, and where.
    """

    def __init__(self, strategy: str, reason: str) -> None:
        super().__init__(f"{strategy}: {reason}")
        self.strategy = strategy
        self.reason = reason


class AccountTradedElsewhere(TradingError):
    """Another instance holds the account; whatever was to be written was not."""


class OrderDenied(TradingError):
    """Our own gate refused the order.

    :param rule: short name of the rule, e.g. ``max_open_positions``.
    :param reason: a sentence an operator can read on a phone.
    :param value: the number that was looked at, in the unit of ``limit``; ``None`` where there is none.
    """

    def __init__(self, rule: str, reason: str, value: Decimal | None = None, limit: Decimal | None = None) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason
        self.value = value
        self.limit = limit


class VenueError(TradingError):
    """The venue answered with an error or did not answer.

    :param code: the venue's own code as text, empty when there was no answer.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class TemporaryVenueError(VenueError):
    """A read failed in a way that a later try may not."""


class TurnedAway(TemporaryVenueError):
    """The venue looked at nothing: too many requests, a request that took too long, an address that is shut out.

    It says nothing about the order or the price, so that a write may be sent again, too.

    :param retry_after_s: wall seconds to wait before the next request.
    """

    def __init__(self, message: str, code: str = "", retry_after_s: float = 1.0) -> None:
        super().__init__(message, code)
        self.retry_after_s = retry_after_s


class OrderRejectedByVenue(VenueError):
    """The venue proved that it did not accept the order."""


class StopPassed(OrderRejectedByVenue):
    """The price stands where the stop would trigger at once."""


class OrderOutcomeUnknown(VenueError):
    """The order may or may not exist at the venue; only a query by link id settles it."""


class TradingForbiddenByVenue(VenueError):
    """The venue refuses trading for this key or account."""


class AccessRefused(TradingError):
    """Somebody asked for what is not theirs to ask."""


class NotSignedIn(AccessRefused):
    """It is not known who asks: no credentials, wrong ones, or such that are over."""


class NotAllowed(AccessRefused):
    """It is known who asks, and they may not."""


class TooManyRequests(AccessRefused):
    """Somebody asks too often, or failed to sign in too often.

    :param retry_after_s: seconds after which it is worth to ask again.
    """

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnknownName(TradingError):
    """What was asked for by its name or id does not exist."""


class ServerAway(TradingError):
    """PostgreSQL, Redis or Dagster does not answer.

    :param component: which of them, in lower case.
    """

    def __init__(self, component: str, message: str) -> None:
        super().__init__(message)
        self.component = component
