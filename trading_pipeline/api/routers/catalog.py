"""The routers of the canonical tree: a file and a line each."""

from collections.abc import Iterator, Sequence
from importlib import import_module

from fastapi import APIRouter

ROUTERS = (
    "auth",
    "looks",
    "outages",
    "activity",
    "execution",
    "lots",
    "administration",
    "backfill",
    "configuration",
    "relaunch",
    "risk_state",
    "runs",
    "research",
    "uploads",
)
"""Modules of this folder, each with a ``router``."""

BESIDE = ("health", "live", "pages", "dagster_ui")
"""Those that stand beside the canonical tree."""


def canonical_routers() -> Iterator[APIRouter]:
    """In their order."""
    return _routers(ROUTERS)


def routers_beside() -> Iterator[APIRouter]:
    """In theirs."""
    return _routers(BESIDE)


def _routers(names: Sequence[str]) -> Iterator[APIRouter]:
    for name in names:
        router: APIRouter = import_module(f"{__package__}.{name}").router
        yield router
