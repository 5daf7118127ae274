"""Users, sessions and keys in PostgreSQL."""
