"""Use cases around users, sessions and keys."""
