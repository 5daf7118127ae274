"""Alembic revisions of the schema ``trading``."""
