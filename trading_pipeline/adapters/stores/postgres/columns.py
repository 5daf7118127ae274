"""Columns that many tables have."""

from datetime import datetime

from sqlalchemy import Column, DateTime, Text, func


def instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A point in time, UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def written_at(name: str = "written_at") -> Column[datetime]:
    """Wall time of the insert (UTC), as the database server sees it: for latency, never for decisions."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


def run_id() -> Column[str]:
    """The run that wrote the row, empty for a process that is none (the feed, the command line) and for old rows."""
    return Column("run_id", Text, nullable=False, server_default="")
