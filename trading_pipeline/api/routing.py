"""Finding the route of a request: of two hundred, only those of a router that can have it are looked at."""

from functools import cached_property
from os.path import commonpath

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class Router(APIRouter):
    """Knows with what all of its paths begin, and is searched where that is a part of the path alone.

    To try every route by its expression took a third of a millisecond, more than the route itself.
    """

    @cached_property
    def _head(self) -> str:
        """Without what the router is put under and what stands for parameters; of the routes there are at first."""
        return commonpath([getattr(route, "path", "").partition("{")[0] for route in self.routes])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As ever, where the path can be one of ours."""
        return super().matches(scope) if self._head in scope["path"] else (Match.NONE, {})
