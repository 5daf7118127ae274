"""What a route is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.seat import Seat
from trading_pipeline.exchange_simulator.venue import Venue

OTHER_CATEGORIES = ("spot", "inverse", "option")
"""What the venue trades and this exchange does not."""
EXTRA_INFO = "retExtInfo"
"""A handler that has something to say beside its result says it under this name."""
Asker = TypeVar("Asker", Venue, Seat)


@dataclass(frozen=True, slots=True)
class _Route(Generic[Asker]):
    """One method and path.

    :param handler: returns the ``result`` of the venue's envelope or raises ``Rejection``.
    :param lists: it lists what there is; of the venue's other categories nothing is here.
    """

    method: str
    path: str
    handler: Callable[[Asker, Parameters], Payload]
    lists: bool = False

    def answer(self, asker: Asker, request: Parameters) -> Payload:
        """The ``result`` of a request.

        :raises Rejection: the request is refused.
        """
        category = parameters.text(request, "category")
        # Whoever asks for one symbol by name is told that it is not traded, as at the venue.
        if self.lists and category in OTHER_CATEGORIES and not parameters.text(request, "symbol"):
            return {"category": category, "list": [], "nextPageCursor": ""}
        return self.handler(asker, request)


class Endpoint(_Route[Venue]):
    """What everybody may ask."""


class SignedEndpoint(_Route[Seat]):
    """What an account asks, which signs for it."""
