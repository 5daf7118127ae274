"""The venues there are: a folder and a line each. A venue's code is imported when it is first asked for."""

from importlib import import_module

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.settings import Settings

VENUES = {
    "bybit": "trading_pipeline.adapters.venues.bybit.venue:Bybit",
}
"""Name in ``universe.yaml`` to module and class, which is made from the settings alone."""


def venue_named(name: str, settings: Settings) -> Venue:
    """The venue in the mode of the settings.

    :raises ConfigurationError: there is no such venue, or the mode lacks an address.
    """
    if name not in VENUES:
        raise ConfigurationError(f"unknown venue {name!r}; there are {', '.join(sorted(VENUES))}")
    module, attribute = VENUES[name].split(":")
    made: Venue = getattr(import_module(module), attribute)(settings)
    return made
