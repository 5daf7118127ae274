"""What all orders that reduce a position have in common."""

from datetime import UTC, datetime

# The last day a datetime can name, so that `valid_until` compares like any other.
ALWAYS_VALID = datetime(9999, 12, 31, tzinfo=UTC)
"""``valid_until`` of reduce-only intents: getting out is never too late."""
