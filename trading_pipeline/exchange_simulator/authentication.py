"""Who is asking: API key, HMAC-SHA256 signature and the time window of a request."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from trading_pipeline.exchange_simulator.rejections import Rejection

# The venue's own numbers: how old a request may be, and how far ahead of the server's clock.
DEFAULT_RECV_WINDOW_MS = 5000
_LEAD_MS = 1000
# Python takes other scripts' digits and superscripts for digits as well, and refuses to read thousands of them.
_INSTANT = re.compile(r"\d{1,18}", re.ASCII)
_FUTURE_MESSAGE = (
    "invalid request, please check your server timestamp or recv_window param. "
    "req_timestamp[{timestamp}],server_timestamp[{server}],recv_window[{window}]"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The simulated account's key pair."""

    api_key: str
    api_secret: str = field(repr=False)
    account_id: str

    def signature(self, text: str) -> str:
        """HMAC-SHA256 of the text in lowercase hex."""
        return hmac.new(self.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def credentials_for(name: str) -> Credentials:
    """A key pair that is the same for the same name, so that a restarted exchange keeps its clients."""
    digest = hashlib.sha256(f"simulated account {name}".encode()).hexdigest()
    return Credentials(f"SIM{digest[:15].upper()}", digest[15:51], str(100_000_000 + int(digest[51:58], 16)))


def verify_request(credentials: Credentials, headers: dict[str, str], payload: str, instants: tuple[int, int]) -> None:
    """Check the four ``X-BAPI`` headers against the payload.

    :param payload: the query string of a GET, the body of a POST, exactly as sent.
    :param instants: virtual and wall milliseconds; a timestamp that fits either is in time, because
        clients sign with their own clock or with the exchange's.
    :raises Rejection: 401 without headers, 10003 key, 10002 time, 10004 signature.
    """
    names = ("x-bapi-api-key", "x-bapi-timestamp", "x-bapi-sign")
    key, timestamp, sign = (headers.get(name, "") for name in names)
    if not (key and timestamp and sign):
        raise Rejection(10003, "API key is invalid: put X-BAPI-API-KEY, -TIMESTAMP and -SIGN in the headers", 401)
    # Key, time, signature: in this order the venue looks, and clients tell clock from key trouble by it.
    if key != credentials.api_key:
        raise Rejection(10003, "API key is invalid.")
    window = headers.get("x-bapi-recv-window", "") or str(DEFAULT_RECV_WINDOW_MS)
    verify_time(timestamp, window, instants)
    if not _equal(sign.lower(), credentials.signature(timestamp + key + window + payload)):
        raise Rejection(10004, "error sign! origin_string[" + timestamp + key + window + payload + "]")


def verify_time(timestamp: str, window: str, instants: tuple[int, int]) -> None:
    """Check that a request is neither too old nor ahead of the server.

    :param window: how old it may be, milliseconds.
    :param instants: virtual and wall milliseconds, see ``verify_request``.
    :raises Rejection: 10001 no numbers, 10002 not in time.
    """
    if not (_INSTANT.fullmatch(timestamp) and _INSTANT.fullmatch(window)):
        raise Rejection(10001, "params error: timestamp and recv_window must be integers")
    if not any(now - int(window) <= int(timestamp) < now + _LEAD_MS for now in instants):
        raise Rejection(10002, _FUTURE_MESSAGE.format(timestamp=timestamp, server=instants[1], window=window))


def verify_stream(credentials: Credentials, arguments: list[object], now_ms: int) -> str:
    """Check ``[key, expires, signature]`` of a WebSocket ``auth``.

    :returns: empty when accepted, else the venue's reason.
    """
    if len(arguments) != 3:
        return "Params Error"
    key, expires, sign = (str(argument) for argument in arguments)
    if key != credentials.api_key:
        return "API key is invalid."
    # Virtual time is the earlier of the two clocks, so an instant that lies ahead of either passes.
    if not _INSTANT.fullmatch(expires) or int(expires) < now_ms:
        return "Request has expired"
    if not _equal(sign, credentials.signature(f"GET/realtime{expires}")):
        return "error sign!"
    return ""


def _equal(given: str, right: str) -> bool:
    """Whether a signature is the right one, in a time that tells nothing about it."""
    # As bytes: text that is not ASCII cannot be compared.
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
