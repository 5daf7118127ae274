"""The routers of earlier programs: a file and a line each."""

from collections.abc import Iterator
from importlib import import_module

from fastapi import APIRouter

PROGRAMS = ("divergence_bot", "algo_grid", "spot_bot", "strategy_tester")
"""Modules of this folder, each with a ``router``."""


def seed_routers() -> Iterator[APIRouter]:
    """In their order."""
    for name in PROGRAMS:
        router: APIRouter = import_module(f"{__package__}.{name}").router
        yield router
