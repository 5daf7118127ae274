"""All accounts of a database."""

from sqlalchemy import Engine, select

from trading_pipeline.adapters.stores.execution.ledger_rows import LIVE_STATUSES, position_of, position_query
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import account_keys, positions
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.ports.stores.execution.account_overview import AccountOverview


class PostgresAccountOverview(AccountOverview):
    """``account_keys`` and ``positions``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def account_ids(self) -> list[AccountId]:
        """Of every key that was ever used."""
        query = select(account_keys.c.account_id).distinct().order_by(account_keys.c.account_id)
        with reading(self._engine) as connection:
            return [AccountId(row.account_id) for row in connection.execute(query)]

    def live_positions(self) -> list[Position]:
        """Of every account."""
        order = positions.c.account_id, positions.c.instrument_id
        query = position_query().where(positions.c.status.in_(LIVE_STATUSES)).order_by(*order)
        with reading(self._engine) as connection:
            return [position_of(row) for row in connection.execute(query)]
