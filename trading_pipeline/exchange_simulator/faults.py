"""Faults on demand: what the next matching requests suffer, for drills of the client."""

from enum import StrEnum

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.rejections import bad_parameter


class FaultKind(StrEnum):
    """``drop_response`` lets the request take effect and then loses the answer; the others refuse it."""

    DROP_RESPONSE = "drop_response"
    HTTP_500 = "http_500"
    RET_CODE_10000 = "ret_code_10000"
    RET_CODE_10016 = "ret_code_10016"
    REJECT = "reject"
    MALFORMED_FRAME = "malformed_frame"
    DISCONNECT = "disconnect"


class Fault:
    """One armed fault.

    :param remaining: how many more requests it hits.
    :param ret_code: the code of a ``reject``.
    """

    __slots__ = ("kind", "path", "remaining", "ret_code")

    def __init__(self, kind: FaultKind, path: str, remaining: int, ret_code: int) -> None:
        self.kind = kind
        self.path = path
        self.remaining = remaining
        self.ret_code = ret_code


class Faults:
    """Armed faults, first armed first spent."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, request: Parameters) -> Fault:
        """Read and keep a fault.

        :raises Rejection: 10001, unknown kind, no path, or a count below 1.
        """
        kinds = tuple(kind.value for kind in FaultKind)
        kind = FaultKind(parameters.one_of(request, "kind", kinds))
        count = parameters.integer(request, "count", 1)
        if count < 1:
            raise bad_parameter(f"params error: count invalid {count}; at least 1")
        fault = Fault(kind, parameters.text(request, "path"), count, parameters.integer(request, "ret_code", 10001))
        # Those two break the streams at once and wait for no request.
        if kind not in (FaultKind.MALFORMED_FRAME, FaultKind.DISCONNECT):
            parameters.required(request, "path")
            self._armed.append(fault)
        return fault

    def spend(self, path: str) -> Fault | None:
        """The fault this request suffers."""
        for fault in self._armed:
            if fault.path == path:
                fault.remaining -= 1
                if not fault.remaining:
                    self._armed.remove(fault)
                return fault
        return None
