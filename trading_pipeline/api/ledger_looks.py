"""What is looked at in the ledger that is no plain list: what positions earned."""

from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.reading.position_lots import PositionLots, position_lots
from trading_pipeline.domain.model.errors import UnknownName


@dataclass(frozen=True, slots=True)
class LedgerLooks:
    """Reads of the database."""

    engine: Engine

    def lots(self, position_id: str) -> PositionLots:
        """A position lot by lot.

        :raises UnknownName: there is none of that id.
        """
        found = position_lots(self.engine, position_id)
        if found is None:
            raise UnknownName(f"there is no position {position_id!r}; ids stand in the list of positions")
        return found
