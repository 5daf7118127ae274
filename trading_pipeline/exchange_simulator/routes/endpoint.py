"""What a route is."""

from collections.abc import Callable
from dataclasses import dataclass

from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.venue import Venue

Handler = Callable[[Venue, Parameters], Payload]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method and path; private ones want a signature.

    :param handler: returns the ``result`` of the venue's envelope or raises ``Rejection``.
    """

    method: str
    path: str
    handler: Handler
    private: bool = True
