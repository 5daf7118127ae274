"""What a route is."""

from collections.abc import Callable
from dataclasses import dataclass

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.venue import Venue

OTHER_CATEGORIES = ("spot", "inverse", "option")
"""What the venue trades and this exchange does not."""
EXTRA_INFO = "retExtInfo"
"""A handler that has something to say beside its result says it under this name."""
Handler = Callable[[Venue, Parameters], Payload]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method and path; private ones want a signature.

    :param handler: returns the ``result`` of the venue's envelope or raises ``Rejection``.
    :param lists: it lists what there is; of the venue's other categories nothing is here.
    """

    method: str
    path: str
    handler: Handler
    private: bool = True
    lists: bool = False

    def answer(self, venue: Venue, request: Parameters) -> Payload:
        """The ``result`` of a request.

        :raises Rejection: the request is refused.
        """
        category = parameters.text(request, "category")
        # Whoever asks for one symbol by name is told that it is not traded, as at the venue.
        if self.lists and category in OTHER_CATEGORIES and not parameters.text(request, "symbol"):
            return {"category": category, "list": [], "nextPageCursor": ""}
        return self.handler(venue, request)
