"""Every order, fill, position and reading says whose it is, and money says which.

The account that a database served so far has no name here: only the venue knows it. Its rows wait as
``unregistered`` for the first key that is registered, which is done before anything is traded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_TABLES = ("order_intents", "fills", "positions", "equity_snapshots", "reconciliation_differences")
_SO_FAR = {"account_id": "unregistered", "currency": "USDT", "fee_currency": "USDT", "settlement_currency": "USDT"}
"""Nothing but contracts settled in USDT was ever traded."""


def upgrade() -> None:
    """Add the columns, fill them, and let keys begin with the account."""
    op.create_table(
        "account_keys",
        sa.Column("key_fingerprint", sa.Text(), primary_key=True),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column(
            "registered_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()
        ),
        schema="trading",
    )
    for table in _TABLES:
        _add(table, "account_id")
    _add("equity_snapshots", "currency")
    _add("fills", "fee_currency")
    _add("positions", "settlement_currency")
    _key("fills", "account_id", "execution_id")
    _key("equity_snapshots", "account_id", "currency", "read_at")
    _one_live("positions_one_live_per_symbol", "positions_one_live_per_instrument", "account_id", "instrument_id")
    for name in ("account_id", "instrument_id"):
        op.add_column("halts", sa.Column(name, sa.Text()), schema="trading")
    op.execute("UPDATE trading.halts SET instrument_id = scope WHERE scope <> 'all'")


def downgrade() -> None:
    """Back to one account without a name; refused where there are several.

    Halts of one account become halts of the instrument or of everything, which is the cautious side.
    """
    op.execute("""
        DO $$ BEGIN
            IF (SELECT count(DISTINCT account_id) FROM trading.account_keys) > 1 THEN
                RAISE EXCEPTION 'the database holds several accounts, which version 0011 cannot tell apart';
            END IF;
        END $$
    """)
    op.execute("""
        INSERT INTO trading.halts (scope, reason, since, flatten)
        SELECT DISTINCT ON (coalesce(instrument_id, 'all')) coalesce(instrument_id, 'all'), reason, since, flatten
        FROM trading.halts WHERE account_id IS NOT NULL ORDER BY coalesce(instrument_id, 'all'), since
        ON CONFLICT DO NOTHING
    """)
    op.execute("DELETE FROM trading.halts WHERE account_id IS NOT NULL")
    # Without the column two currencies of one instant would have one key.
    op.execute("DELETE FROM trading.equity_snapshots WHERE currency <> 'USDT'")
    for name in ("account_id", "instrument_id"):
        op.drop_column("halts", name, schema="trading")
    _one_live("positions_one_live_per_instrument", "positions_one_live_per_symbol", "instrument_id")
    _key("fills", "execution_id")
    _key("equity_snapshots", "read_at")
    op.drop_column("positions", "settlement_currency", schema="trading")
    op.drop_column("fills", "fee_currency", schema="trading")
    op.drop_column("equity_snapshots", "currency", schema="trading")
    for table in _TABLES:
        op.drop_column(table, "account_id", schema="trading")
    op.drop_table("account_keys", schema="trading")


def _add(table: str, column: str) -> None:
    """A column that what is stored gets its value in, and what comes later has to bring one for."""
    so_far = sa.Column(column, sa.Text(), nullable=False, server_default=_SO_FAR[column])
    op.add_column(table, so_far, schema="trading")
    # The default only fills what is there: code that forgets whose a row is has to fail.
    op.alter_column(table, column, server_default=None, schema="trading")


def _key(table: str, *columns: str) -> None:
    op.drop_constraint(f"{table}_pkey", table, schema="trading")
    op.create_primary_key(f"{table}_pkey", table, list(columns), schema="trading")


def _one_live(old: str, new: str, *columns: str) -> None:
    op.drop_index(old, table_name="positions", schema="trading")
    live = sa.text("status IN ('opening', 'open')")
    op.create_index(new, "positions", list(columns), unique=True, schema="trading", postgresql_where=live)
