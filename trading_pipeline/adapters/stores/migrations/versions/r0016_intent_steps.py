"""The database lets an intent take the steps of its life and no others, whoever writes.

A state that goes back would be an order that is sent again, a filled quantity that shrinks a position that is lost
sight of. Code that forgets it is told here.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

_HEARD = ("acknowledged", "partially_filled", "filled", "cancelled", "rejected")
"""What a venue may say of an order, each further along than the one before it or final."""
_STEPS = {
    "intended": ("sent", "expired", *_HEARD),
    "sent": ("intended", "unknown", "absent", *_HEARD),
    "unknown": ("absent", *_HEARD),
    "absent": _HEARD,
    "acknowledged": _HEARD[1:],
    "partially_filled": _HEARD[2:],
}
_PAIRS = ", ".join(f"'{now} {to}'" for now, following in _STEPS.items() for to in following)


def upgrade() -> None:
    """Add the function and its trigger; rows that are there are not looked at."""
    op.execute(f"""
        CREATE FUNCTION trading.require_intent_step() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.state <> OLD.state AND NOT (OLD.state || ' ' || NEW.state = ANY(ARRAY[{_PAIRS}])) THEN
                RAISE EXCEPTION 'order % is % and cannot become %', OLD.order_link_id, OLD.state, NEW.state
                    USING ERRCODE = 'check_violation';
            END IF;
            IF NEW.filled_quantity < OLD.filled_quantity THEN
                RAISE EXCEPTION 'order % has filled % and cannot have filled %',
                    OLD.order_link_id, OLD.filled_quantity, NEW.filled_quantity USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER order_intents_step BEFORE UPDATE OF state, filled_quantity ON trading.order_intents
        FOR EACH ROW EXECUTE FUNCTION trading.require_intent_step()
    """)


def downgrade() -> None:
    """Take both away."""
    op.execute("DROP TRIGGER order_intents_step ON trading.order_intents")
    op.execute("DROP FUNCTION trading.require_intent_step()")
