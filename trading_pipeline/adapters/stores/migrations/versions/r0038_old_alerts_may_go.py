"""What the operator was told may be removed once it is a month old; younger rows stay as they were written."""

from alembic import op

revision = "0038"
down_revision = "0037"

_REFUSE = """
CREATE FUNCTION trading.refuse_change_within_a_month() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.told_at < clock_timestamp() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only, and rows go after 30 days at the earliest', TG_TABLE_NAME;
END $$
"""


def upgrade() -> None:
    """Let another function decide."""
    op.execute(_REFUSE)
    _decided_by("refuse_change_within_a_month")


def downgrade() -> None:
    """Nothing is removed any more; what was is gone."""
    _decided_by("refuse_change")
    op.execute("DROP FUNCTION trading.refuse_change_within_a_month()")


def _decided_by(function: str) -> None:
    op.execute("DROP TRIGGER notifications_append_only ON trading.notifications")
    op.execute(
        "CREATE TRIGGER notifications_append_only BEFORE UPDATE OR DELETE ON trading.notifications "
        f"FOR EACH ROW EXECUTE FUNCTION trading.{function}()"
    )
