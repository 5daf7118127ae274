"""One running system at a time writes about an account, and the database knows which.

A system that stood still, for a night or for a garbage collection, may wake up after another has taken its account
over. What it writes then is refused here, whatever it believes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"

_LEDGER = ("order_intents", "positions", "fills")


def upgrade() -> None:
    """Add the table and the triggers; an account that nobody has leased is written to as before."""
    op.create_table(
        "account_leases",
        sa.Column("account_id", sa.Text(), primary_key=True),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=False),
        schema="trading",
    )
    # The row is locked against a change of hands, not against renewal, so that a write and a change of hands are one
    # before the other, and writers never wait for each other.
    op.execute("""
        CREATE FUNCTION trading.require_lease() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            lease trading.account_leases;
        BEGIN
            SELECT * INTO lease FROM trading.account_leases WHERE account_id = NEW.account_id FOR KEY SHARE;
            IF FOUND AND lease.token::text IS DISTINCT FROM current_setting('trading.fence', true) THEN
                RAISE EXCEPTION '% is held by instance % with token %, this session has %', NEW.account_id,
                    lease.instance, lease.token, coalesce(nullif(current_setting('trading.fence', true), ''), 'none')
                    USING ERRCODE = 'TP001';
            END IF;
            RETURN NEW;
        END $$
    """)
    for table in _LEDGER:
        op.execute(f"""
            CREATE TRIGGER {table}_lease BEFORE INSERT OR UPDATE ON trading.{table}
            FOR EACH ROW EXECUTE FUNCTION trading.require_lease()
        """)


def downgrade() -> None:
    """Take all of it away."""
    for table in _LEDGER:
        op.execute(f"DROP TRIGGER {table}_lease ON trading.{table}")
    op.execute("DROP FUNCTION trading.require_lease()")
    op.drop_table("account_leases", schema="trading")
