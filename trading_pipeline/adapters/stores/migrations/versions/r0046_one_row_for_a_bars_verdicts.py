"""Every bar is asked the same questions, so a row of its own for each answer was two rows too many."""

from alembic import op

revision = "0046"
down_revision = "0044"

_QUESTIONS = ("no_gap", "sources_agree", "ohlc_sane")
_FAILED = "CREATE INDEX data_checks_failed ON trading.data_checks (timeframe, close_time) WHERE NOT passed"


def upgrade() -> None:
    """Put the answers of a bar side by side; a question that was not asked stays null."""
    op.execute("ALTER TABLE trading.data_checks RENAME TO answers")
    op.execute("ALTER TABLE trading.answers RENAME CONSTRAINT data_checks_pkey TO answers_pkey")
    op.execute("DROP INDEX trading.data_checks_failed")
    answered = " AND ".join(f"COALESCE({name}, '?') = ''" for name in _QUESTIONS)
    op.execute(f"""
        CREATE TABLE trading.data_checks (
            instrument_id TEXT NOT NULL, timeframe TEXT NOT NULL, close_time TIMESTAMPTZ NOT NULL,
            {", ".join(f"{name} TEXT" for name in _QUESTIONS)},
            passed BOOLEAN GENERATED ALWAYS AS ({answered}) STORED NOT NULL,
            run_id TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (instrument_id, timeframe, close_time)
        )
    """)
    answer = "CASE WHEN passed THEN '' WHEN detail = '' THEN 'failed' ELSE detail END"
    pivoted = ", ".join(f"max({answer}) FILTER (WHERE name = '{name}')" for name in _QUESTIONS)
    copied = f"""
        INSERT INTO trading.data_checks (instrument_id, timeframe, close_time, {", ".join(_QUESTIONS)}, run_id)
        SELECT instrument_id, timeframe, close_time, {pivoted}, max(run_id) FROM trading.answers GROUP BY 1, 2, 3
    """  # noqa: S608 (names of columns)
    op.execute(copied)
    op.execute(_FAILED)
    op.execute("DROP TABLE trading.answers")


def downgrade() -> None:
    """Give every answer its row."""
    op.execute("ALTER TABLE trading.data_checks RENAME TO judged_bars")
    op.execute("ALTER TABLE trading.judged_bars RENAME CONSTRAINT data_checks_pkey TO judged_bars_pkey")
    op.execute("DROP INDEX trading.data_checks_failed")
    op.execute("""
        CREATE TABLE trading.data_checks (
            instrument_id TEXT NOT NULL, timeframe TEXT NOT NULL, close_time TIMESTAMPTZ NOT NULL, name TEXT NOT NULL,
            passed BOOLEAN NOT NULL, detail TEXT NOT NULL, run_id TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (instrument_id, timeframe, close_time, name)
        )
    """)
    copied = f"""
        INSERT INTO trading.data_checks
        SELECT instrument_id, timeframe, close_time, name, detail = '', detail, run_id
        FROM trading.judged_bars
        CROSS JOIN LATERAL (VALUES {", ".join(f"('{name}', {name})" for name in _QUESTIONS)}) AS answers(name, detail)
        WHERE detail IS NOT NULL
    """  # noqa: S608 (names of columns)
    op.execute(copied)
    op.execute(_FAILED)
    op.execute("DROP TABLE trading.judged_bars")
