"""What is wrong with a running system, said when it begins and when it is over."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from trading_pipeline.adapters.stores.operations.system_overview import SystemOverview, system_overview
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.runtime.supervision.stages import Say
from trading_pipeline.services.operations.find_dead_feeds import dead_streams, silent


@dataclass(slots=True)
class Watch:
    """Looks at the ledger; the feed's heartbeat says which of its streams the venue keeps up.

    :param universe: what bars are collected of; empty where that is not to be looked at.
    :param every_s: wall seconds between two looks.
    """

    engine: Engine
    say: Say
    universe: Collection[InstrumentId] = ()
    every_s: float = 3.0
    _wrong: set[str] = field(default_factory=set)
    _suspected: set[str] = field(default_factory=set)
    _silent: dict[str, float] = field(default_factory=dict)
    _looked_at: float = 0.0

    def look(self) -> dict[str, float]:
        """Say what has become wrong or well. What is seen once may be on its way.

        :returns: components that were silent at this look and the one before, with wall seconds since their last sign
            of life; empty between two looks.
        """
        now = time.monotonic()
        if now - self._looked_at < self.every_s:
            return {}
        # Before the look: one that hangs in the database is not followed by the next at once.
        self._looked_at = now
        silent_before, self._silent = self._silent, {}
        found = self._look()
        for problem in sorted((found & self._suspected) - self._wrong):
            self.say(f"PROBLEM  {problem}")
        for problem in sorted(self._wrong - found):
            self.say(f"over     {problem}")
        # Seen twice in a row makes a problem, seen no more ends it.
        self._wrong = (self._wrong & found) | (found & self._suspected)
        self._suspected = found
        return {name: age_s for name, age_s in self._silent.items() if name in silent_before}

    def _look(self) -> set[str]:
        try:
            overview = system_overview(self.engine)
            self._silent = silent(overview.heartbeats)
            return problems(overview) | uncollected(overview, self.universe)
        except SQLAlchemyError as error:
            return {f"the database does not answer: {str(error.__cause__ or error).splitlines()[0]}"}


def uncollected(overview: SystemOverview, universe: Collection[InstrumentId]) -> set[str]:
    """Positions in instruments that were taken out of the universe while they were open."""
    held = {one.position.instrument_id for one in overview.positions}
    return {
        f"{name} is held and not in universe.yaml: stop and targets stay and its fills are followed, but nothing "
        "trails or leaves it; put it back, or close it"
        for name in held - set(universe)
        if universe
    }


def problems(overview: SystemOverview) -> set[str]:
    """What a person should know of, in sentences that stay the same while it lasts."""
    found = {f"entries are halted: {halt}" for halt in overview.halts}
    found |= set(dead_streams(overview.heartbeats).values())
    if overview.waiting_waves:
        found.add("closes were heard and are not computed; the runs in the Dagster UI say why")
    if overview.unsettled_orders:
        found.add("it is not known what became of an order; the venue is asked again")
    return found
