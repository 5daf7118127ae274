"""Faults on demand: what requests, private messages and the account suffer, for drills of the client.

Armed by a request or by a file; each hits what matches its path or topic and its symbol, so many times, each time
with its probability. The draws are seeded: the same requests in the same order suffer the same.
"""

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter

EVERYTHING = "*"
"""As a path or topic: whatever comes."""


class FaultKind(StrEnum):
    """What goes wrong; docs/exchange_simulator.md has a line for each."""

    # of a request
    DROP_RESPONSE = "drop_response"
    DROP_REQUEST = "drop_request"
    HALF_OPEN = "half_open"
    SLOW = "slow"
    HTTP_500 = "http_500"
    HTTP_403 = "http_403"
    HTML = "html"
    RET_CODE_10000 = "ret_code_10000"
    RET_CODE_10016 = "ret_code_10016"
    RATE_LIMITED = "rate_limited"
    REJECT = "reject"
    EMPTY_LIST = "empty_list"
    WITHOUT_STOP = "without_stop"
    FILL_BEFORE_CANCEL = "fill_before_cancel"
    STREAM_FIRST = "stream_first"
    # of a private message
    DROP_MESSAGE = "drop_message"
    DUPLICATE_MESSAGE = "duplicate_message"
    DELAY_MESSAGE = "delay_message"
    REORDER_MESSAGES = "reorder_messages"
    # of either
    ALTER = "alter"
    # of an order
    PARTIAL_FILL = "partial_fill"
    # of everybody's connections, or of the account: at once, or when a request to a path comes
    MALFORMED_FRAME = "malformed_frame"
    DISCONNECT = "disconnect"
    MUTE_STREAMS = "mute_streams"
    CLOCK_SKEW = "clock_skew"
    CANCEL_STOP = "cancel_stop"
    TRADE_BY_HAND = "trade_by_hand"
    ADL = "adl"
    LIQUIDATION = "liquidation"
    SUSPEND = "suspend"


OF_MESSAGES = frozenset(
    {FaultKind.DROP_MESSAGE, FaultKind.DUPLICATE_MESSAGE, FaultKind.DELAY_MESSAGE, FaultKind.REORDER_MESSAGES}
)
OF_STREAMS = frozenset({FaultKind.MALFORMED_FRAME, FaultKind.DISCONNECT, FaultKind.MUTE_STREAMS})
OF_THE_ACCOUNT = frozenset(
    {FaultKind.CANCEL_STOP, FaultKind.TRADE_BY_HAND, FaultKind.ADL, FaultKind.LIQUIDATION, FaultKind.SUSPEND}
)
IMMEDIATE = OF_STREAMS | OF_THE_ACCOUNT | {FaultKind.CLOCK_SKEW}


@dataclass(slots=True)
class Fault:
    """One armed fault.

    :param path: of the requests it hits; for faults of private messages their topic.
    :param symbol: only what names it; empty for any.
    :param account: id of the account whose requests, messages and orders it hits; empty for any. What happens to an
        account happens to it, to the first one without an id.
    :param remaining: how many more it hits.
    :param probability: with which each that matches is hit, 0 to 1.
    :param ret_code: the code of a ``reject``.
    :param accepted: whether a refused, dropped or unanswered request takes effect all the same.
    :param seconds: wall seconds that an answer or message is late; of a clock's skew; virtual ones in which the rest
        of a partly filled order rests untouched.
    :param fraction: of an order or a position, 0 to 1.
    :param side: of a trade by hand, with ``quantity``.
    :param field: that is set to ``value`` in every row of an answer, or in a message.
    """

    kind: FaultKind
    path: str = ""
    symbol: str = ""
    account: str = ""
    remaining: int = 1
    probability: float = 1.0
    ret_code: int = 10001
    accepted: bool = False
    seconds: float = 0.0
    fraction: Decimal = Decimal("0.5")
    side: str = "Buy"
    quantity: Decimal = Decimal(0)
    field: str = ""
    value: str = ""

    @classmethod
    def of(cls, request: Parameters) -> "Fault":
        """Read a fault.

        :raises Rejection: 10001, an unknown kind or parameter, or one that is missing or out of range.
        """
        unknown = sorted(set(request) - _PARAMETERS)
        if unknown:
            raise bad_parameter(f"params error: {', '.join(unknown)} unknown; one of {', '.join(sorted(_PARAMETERS))}")
        kind = FaultKind(parameters.one_of(request, "kind", tuple(FaultKind)))
        fault = cls(
            kind=kind,
            path=parameters.text(request, "path") or parameters.text(request, "topic"),
            symbol=parameters.text(request, "symbol"),
            account=parameters.text(request, "account"),
            remaining=parameters.integer(request, "count", 1),
            probability=_float(request, "probability", 1.0),
            ret_code=parameters.integer(request, "ret_code", 10001),
            accepted=parameters.flag(request, "accepted"),
            seconds=_float(request, "seconds", 0.0),
            fraction=Decimal(str(_float(request, "fraction", 0.5))),
            side=parameters.one_of(request, "side", ("Buy", "Sell"), "Buy"),
            quantity=parameters.number(request, "qty") or Decimal(0),
            field=parameters.text(request, "field"),
            value=parameters.text(request, "value"),
        )
        fault.check()
        return fault

    def check(self) -> None:
        """Make sure that it can hit something.

        :raises Rejection: 10001, it cannot.
        """
        if self.remaining < 1:
            raise bad_parameter(f"params error: count invalid {self.remaining}; at least 1")
        if not (0 < self.probability <= 1 and 0 < self.fraction <= 1):
            raise bad_parameter("params error: probability and fraction are above 0 and at most 1")
        if self.kind in OF_THE_ACCOUNT | {FaultKind.PARTIAL_FILL} and not self.symbol:
            raise bad_parameter(f"params error: {self.kind} needs a symbol")
        if self.kind is FaultKind.TRADE_BY_HAND and not self.quantity:
            raise bad_parameter("params error: qty is required for a trade by hand")
        if self.kind is FaultKind.ALTER and not self.field:
            raise bad_parameter("params error: field is required to alter it")
        if self.kind is not FaultKind.PARTIAL_FILL and self.kind not in IMMEDIATE and not self.path:
            raise bad_parameter(f"params error: path or topic is required for {self.kind}; * for every one")

    def matches(self, path: str, symbol: str, account: str) -> bool:
        """Whether a request, message or order is what this is armed for."""
        # Of the account: there it says what is hit, whatever the request is about.
        about = self.kind in OF_THE_ACCOUNT or (self.symbol in ("", symbol) and self.account in ("", account))
        return about and self.path in (path, EVERYTHING)


_PARAMETERS = {field.name for field in fields(Fault)} - {"remaining", "quantity"} | {"topic", "count", "qty"}


class Faults:
    """Armed faults, first armed first spent."""

    def __init__(self, seed: int = 0, armed: Iterable[Fault] = ()) -> None:
        self._armed = list(armed)
        # Of drills, not of keys.
        self._random = random.Random(seed)  # noqa: S311

    def arm(self, fault: Fault) -> None:
        """Keep a fault until it is spent."""
        self._armed.append(fault)

    @property
    def armed(self) -> tuple[Fault, ...]:
        """What has not been spent, first armed first."""
        return tuple(self._armed)

    def disarm(self) -> None:
        """Forget what has not been spent."""
        self._armed.clear()

    def spend_on_request(self, path: str, symbol: str, account: str) -> Fault | None:
        """The fault that an account's request to a path suffers."""
        other = OF_MESSAGES | {FaultKind.PARTIAL_FILL}
        return self._spend(one for one in self._armed if one.kind not in other and one.matches(path, symbol, account))

    def spend_on_message(self, topic: str, symbol: str, account: str) -> Fault | None:
        """The fault that a private message to an account suffers."""
        these = OF_MESSAGES | {FaultKind.ALTER}
        return self._spend(one for one in self._armed if one.kind in these and one.matches(topic, symbol, account))

    def spend_on_fill(self, symbol: str, account: str) -> Fault | None:
        """The fault that an account's order suffers when it is about to fill."""
        partly = (one for one in self._armed if one.kind is FaultKind.PARTIAL_FILL)
        return self._spend(one for one in partly if one.symbol == symbol and one.account in ("", account))

    def _spend(self, candidates: Iterable[Fault]) -> Fault | None:
        # A copy: what is spent is taken out of what is looked through.
        for fault in list(candidates):
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            fault.remaining -= 1
            if not fault.remaining:
                self._armed.remove(fault)
            return fault
        return None


def faults_of(path: Path | None) -> Faults:
    """What a file arms: ``{"seed": 7, "faults": [{"kind": ..., ...}]}``; nothing without a file.

    :raises ConfigurationError: the file cannot be read, or a fault in it is none.
    """
    if path is None:
        return Faults()
    try:
        content = json.loads(path.read_text())
        seed, rows = content["seed"], content["faults"]
        return Faults(int(seed), [_waiting(row) for row in rows])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"faults file {path} cannot be read ({error!r}); it holds a JSON object with a seed and a list of faults"
        ) from None
    except Rejection as rejection:
        raise ConfigurationError(f"faults file {path}: {rejection.message}") from None


def _waiting(row: Mapping[str, object]) -> Fault:
    """A fault of a file: nothing happens at once there, so that it has to name what it waits for."""
    fault = Fault.of(row)
    if fault.kind in IMMEDIATE and not fault.path:
        raise bad_parameter(f"{fault.kind} needs the path of the request at which it happens")
    return fault


def _float(request: Parameters, name: str, default: float) -> float:
    """A finite number.

    :raises Rejection: 10001, it is none.
    """
    text = parameters.text(request, name)
    try:
        value = float(text) if text else default
    except ValueError:
        raise bad_parameter(f"params error: {name} invalid {text}") from None
    if not abs(value) < float("inf"):
        raise bad_parameter(f"params error: {name} invalid {text}")
    return value
