"""The venues there are: a folder and a line each. A venue's code is imported when it is first asked for."""

from importlib import import_module
from typing import Any

from trading_pipeline.domain.model.derived_bars import Derivations
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
    made: Venue = _class_of(name)(settings)
    return made


def derivations_of(name: str) -> Derivations:
    """The timeframes that the venue does not publish, each with the one that its bars are made of.

    :raises ConfigurationError: there is no such venue.
    """
    made_of: Derivations = _class_of(name).derivations
    return made_of


def _class_of(name: str) -> Any:
    if name not in VENUES:
        raise ConfigurationError(f"unknown venue {name!r}; there are {', '.join(sorted(VENUES))}")
    module, attribute = VENUES[name].split(":")
    return getattr(import_module(module), attribute)
