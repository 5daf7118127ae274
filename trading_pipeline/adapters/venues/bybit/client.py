"""The HTTP session: pybit for paths and signatures, our own rules for time, retries and errors.

pybit repeats a request by itself on 10002, 10006 and others, sleeping seconds in between and
widening the receive window. For an order that is a second POST after an answer we never saw, so all
of it is switched off here: one call is one request.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import requests
from pybit.exceptions import FailedRequestError, InvalidRequestError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_random_exponential

from trading_pipeline.adapters.venues.bybit.errors import read_error, write_error
from trading_pipeline.adapters.venues.bybit.payload import Row, as_row, inner, instant, rows, text
from trading_pipeline.adapters.venues.bybit.signing import SignedRequests
from trading_pipeline.adapters.venues.bybit.transport import CountedTransport
from trading_pipeline.adapters.venues.request_limiter import HeldBack, RequestLimiter
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    DataError,
    OrderOutcomeUnknown,
    TemporaryVenueError,
    TurnedAway,
)
from trading_pipeline.domain.model.timeframes import EPOCH

T = TypeVar("T")
Call = Callable[..., object]

_UNREADABLE = (AttributeError, KeyError, TypeError)
"""What pybit raises over an answer that is JSON but no object, or an object without its message."""

# Seconds; a venue that does not even accept a connection will not answer in ten.
_CONNECT_TIMEOUT_S = 3.0
_LONGEST_PAUSE_S = 5.0
_LOOPBACK = ("http://127.0.0.1", "http://localhost")


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its payload and the venue's clock when it was written."""

    result: Row
    time: datetime


class BybitClient:
    """One keep-alive session; safe to share between threads that only call it.

    :ivar has_key: whether the account can be asked about.
    """

    def __init__(
        self,
        rest_url: str,
        key: str,
        secret: str,
        timeout_s: float = 10.0,
        attempts: int = 4,
        limiter: RequestLimiter | None = None,
    ) -> None:
        """Open nothing yet.

        :param timeout_s: longest silence while an answer is awaited.
        :param attempts: how often a read is tried in all; writes are sent once.
        :param limiter: counts the requests of all processes; ``None`` for one that is alone.
        """
        self.has_key = bool(key)
        self.http = SignedRequests(api_key=key or None, api_secret=secret or None, max_retries=1, force_retry=False)
        self.http.endpoint = rest_url
        # an empty set in the constructor means pybit's own list
        self.http.retry_codes = set()
        self.http.timeout = (_CONNECT_TIMEOUT_S, timeout_s)
        # without this each request reads proxy settings and ~/.netrc again
        self.http.client.trust_env = not rest_url.startswith(_LOOPBACK)
        if limiter is not None:
            for scheme in ("http://", "https://"):
                self.http.client.mount(scheme, CountedTransport(limiter))
        self._in_turn = Retrying(
            stop=stop_after_delay(_LONGEST_PAUSE_S), wait=_pause, retry=retry_if_exception(_held_back), reraise=True
        )
        self._retrying = Retrying(
            # Whichever comes first: an endpoint that hangs is not asked again, one that fails at once is.
            stop=stop_after_attempt(attempts) | stop_after_delay(timeout_s),
            wait=_pause,
            retry=retry_if_exception(_may_pass),
            reraise=True,
        )

    def server_time(self) -> datetime:
        """The venue's clock, to the microsecond."""
        return self.read(self.http.get_server_time, _server_time)

    def read(self, call: Call, parse: Callable[[Answer], T], **params: object) -> T:
        """Ask, and ask again when that may help.

        :param call: a GET method of ``http``.
        :raises TemporaryVenueError: no readable answer after all attempts.
        :raises ConfigurationError: the venue refuses the key or does not know what was asked for.
        """
        answer: T = self._retrying(self._read_once, call, parse, params)
        return answer

    def read_pages(self, call: Call, parse: Callable[[Row], T], **params: object) -> list[T]:
        """Every row of a cursored list, in the venue's order."""
        found: list[T] = []
        cursor = ""
        while True:
            page, following = self.read(call, lambda answer: _page(answer, parse), **params, cursor=cursor or None)
            found += page
            # A cursor may come with the last page too: the end is an empty page, or a cursor that stands still.
            if not page or not following or following == cursor:
                return found
            cursor = following

    def write(self, call: Call, **params: object) -> Row:
        """Send one request, once, and return its result.

        :raises OrderRejectedByVenue: the venue proved that nothing happened.
        :raises OrderOutcomeUnknown: it did not.
        :raises TurnedAway: it refused before looking, or all processes together would ask too much.
        :raises TradingForbiddenByVenue: the account may not trade.
        """
        try:
            answer = self._in_turn(call, **params)
        except (InvalidRequestError, FailedRequestError) as error:
            raise write_error(error.status_code, error.message, _retry_after_s(error.resp_headers)) from error
        except requests.RequestException as error:
            raise OrderOutcomeUnknown(f"bybit did not answer ({_cause(error)}); ask by link id") from error
        except _UNREADABLE as error:
            raise OrderOutcomeUnknown(f"bybit's answer cannot be read ({error}); ask by link id") from error
        except PermissionError as error:
            raise _no_key() from error
        try:
            return inner(as_row(answer, "answer"), "result")
        except DataError as error:
            raise OrderOutcomeUnknown(f"bybit accepted the request, but {error}; ask by link id") from error

    def _read_once(self, call: Call, parse: Callable[[Answer], T], params: dict[str, object]) -> T:
        try:
            row = as_row(self._in_turn(call, **params), "answer")
            return parse(Answer(inner(row, "result"), instant(row, "time")))
        except (InvalidRequestError, FailedRequestError) as error:
            message = f"{error.message}{_asked(params)}"
            raise read_error(error.status_code, message, _retry_after_s(error.resp_headers)) from error
        except requests.RequestException as error:
            raise TemporaryVenueError(f"bybit did not answer ({_cause(error)})") from error
        except _UNREADABLE as error:
            raise TemporaryVenueError(f"bybit's answer cannot be read ({error})") from error
        except DataError as error:
            raise TemporaryVenueError(str(error)) from error
        except PermissionError as error:
            raise _no_key() from error


def _server_time(answer: Answer) -> datetime:
    nanoseconds = text(answer.result, "timeNano")
    # The envelope has milliseconds, which is enough where the finer time is missing.
    if not nanoseconds.isdigit():
        return answer.time
    return EPOCH + timedelta(microseconds=int(nanoseconds) // 1000)


def _asked(params: Mapping[str, object]) -> str:
    """What was asked for: the venue says that a symbol is unknown, but not which."""
    given = ", ".join(f"{name}={value}" for name, value in params.items() if value is not None)
    return f" (asked for {given})" if given else ""


def _page(answer: Answer, parse: Callable[[Row], T]) -> tuple[list[T], str]:
    return [parse(row) for row in rows(answer.result, "list")], text(answer.result, "nextPageCursor")


def _may_pass(error: BaseException) -> bool:
    """Whether asking again soon may help; who is shut out for minutes is not kept waiting here."""
    if isinstance(error, TurnedAway):
        return error.retry_after_s <= _LONGEST_PAUSE_S
    return isinstance(error, TemporaryVenueError)


def _held_back(error: BaseException) -> bool:
    """Whether nothing was sent and it will be our turn soon; each try is signed anew, so that none is too old."""
    return isinstance(error, HeldBack) and _may_pass(error)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, TurnedAway):
        return error.retry_after_s
    return wait_random_exponential(multiplier=0.1, max=2.0)(state)


def _retry_after_s(headers: Mapping[str, str] | None) -> float:
    # the venue's reset time against this machine's wall clock: both are real time, never replay time
    reset_ms = (headers or {}).get("X-Bapi-Limit-Reset-Timestamp", "")
    if not reset_ms.isdigit():
        return 1.0
    # A little pause at least, as both clocks may differ; a clock far off must not stop us for hours.
    return min(max(int(reset_ms) / 1000 - time.time(), 0.05), _LONGEST_PAUSE_S)


def _cause(error: requests.RequestException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _no_key() -> ConfigurationError:
    return ConfigurationError("no key for bybit; set BYBIT_API_KEY and BYBIT_API_SECRET")
