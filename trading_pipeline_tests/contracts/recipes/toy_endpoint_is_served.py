"""The copy of the package serves what the recipe added, and knows who may ask it."""

from trading_pipeline.api.doors import MARK
from trading_pipeline.api.routers.catalog import canonical_routers


def test_the_endpoint_is_one_of_the_canonical_tree() -> None:
    [route] = [route for router in canonical_routers() for route in router.routes if route.path == "/weather"]
    assert MARK in route.openapi_extra
