"""Which running system writes about an account."""

from datetime import timedelta

from sqlalchemy import Connection, Engine, Row, event, func, select, update
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.tables import account_leases
from trading_pipeline.domain.model.errors import AccountTradedElsewhere
from trading_pipeline.domain.model.identity import AccountId

LAPSED = timedelta(seconds=30)
"""Wall time without renewal, by the database's clock, after which another instance may take an account over."""


class AccountLease:
    """The right of one instance to an account, with a token that grows with each change of hands."""

    def __init__(self, engine: Engine, account_id: AccountId, instance: str, run_id: str = "") -> None:
        """Take the account, or renew what this instance has of it.

        :param instance: the name that all processes of one running system share.
        :param run_id: in whose name steps are traced; empty for a process that is no run.
        :raises AccountTradedElsewhere: another instance has it.
        """
        self._engine = engine
        self.account_id = account_id
        self._instance = instance
        self._run_id = run_id
        self.hold()

    def hold(self) -> None:
        """Take or renew; whoever goes on for long does so every few seconds.

        :raises AccountTradedElsewhere: another instance has the account.
        """
        with self._engine.begin() as connection:
            self.token = self._renewed(connection) or self._taken(connection)

    @property
    def fenced(self) -> Engine:
        """The engine, whose transactions the ledger takes for as long as the token is the newest."""
        # A copy on the same pool: a listener on the engine itself would show the token for everybody who has that.
        engine = self._engine.execution_options()

        @event.listens_for(engine, "begin")
        def show(connection: Connection) -> None:
            # For this transaction alone: the pool is shared with those who have no token.
            shown = func.set_config("trading.fence", str(self.token), True)
            connection.execute(select(shown, func.set_config("trading.run_id", self._run_id, True)))

        return engine

    def _renewed(self, connection: Connection) -> int | None:
        lease = account_leases.c
        renewal = (
            update(account_leases)
            .where(lease.account_id == self.account_id, lease.instance == self._instance)
            .values(renewed_at=func.clock_timestamp())
            .returning(lease.token)
        )
        token: int | None = connection.execute(renewal).scalar()
        return token

    def _taken(self, connection: Connection) -> int:
        row = {"account_id": self.account_id, "instance": self._instance, "token": 1}
        # The row has to be there before it can be locked, and two instances may both be the first.
        first = insert(account_leases).values(**row, renewed_at=func.clock_timestamp()).on_conflict_do_nothing()
        connection.execute(first)
        lease = account_leases.c
        age_s = func.extract("epoch", func.clock_timestamp() - lease.renewed_at).label("age_s")
        # Waits for writers of the present holder that are under way; those that come after it are refused.
        query = select(account_leases, age_s).where(lease.account_id == self.account_id).with_for_update()
        held = connection.execute(query).one()
        if held.instance == self._instance:
            return int(held.token)
        self._refuse_living(held)
        taken = {"instance": self._instance, "token": held.token + 1, "renewed_at": func.clock_timestamp()}
        connection.execute(update(account_leases).where(lease.account_id == self.account_id).values(**taken))
        return int(held.token) + 1

    def _refuse_living(self, held: Row[tuple[object, ...]]) -> None:
        if held.age_s < LAPSED.total_seconds():
            raise AccountTradedElsewhere(
                f"account {self.account_id} is traded by instance {held.instance!r}, which was heard of "
                f"{held.age_s:.0f} s ago, and this is {self._instance!r}; stop the other, or wait until it has been "
                f"silent for {LAPSED.total_seconds():.0f} s"
            )


def release(engine: Engine, instance: str) -> None:
    """Let another instance have the accounts of this one at once; this one is about to end."""
    with engine.begin() as connection:
        mine = account_leases.c.instance == instance
        # Aged and not deleted: a token that began at 1 again would let in a process that slept through the change.
        connection.execute(update(account_leases).where(mine).values(renewed_at=func.to_timestamp(0)))
