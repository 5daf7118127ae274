"""The routers of the canonical tree: a file and a line each."""

from collections.abc import Iterator
from importlib import import_module

from fastapi import APIRouter

ROUTERS = (
    "auth",
    "looks",
    "outages",
    "execution",
    "lots",
    "administration",
    "backfill",
    "research",
)
"""Modules of this folder, each with a ``router``."""


def canonical_routers() -> Iterator[APIRouter]:
    """In their order."""
    for name in ROUTERS:
        router: APIRouter = import_module(f"{__package__}.{name}").router
        yield router
