"""How the route of a request is found."""

import gc
from itertools import chain
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Match

from trading_pipeline.api.application import create_app
from trading_pipeline.api.composition import build_context
from trading_pipeline.api.routers.catalog import canonical_routers, routers_beside
from trading_pipeline.api.routing import Router
from trading_pipeline.api.seeds.catalog import seed_routers
from trading_pipeline.api.server import server_options, settle
from trading_pipeline_tests.testkit.api_lab import settings_of

NOWHERE = "postgresql://nobody@127.0.0.1:1/trading"


def a_router() -> Router:
    router = Router(prefix="/execution")
    router.add_api_route("/halts", lambda: "halts")
    router.add_api_route("/orders/{order_id}", lambda order_id: order_id)
    return router


def test_a_path_of_the_router_is_found_whatever_it_is_put_under() -> None:
    app = FastAPI()
    app.include_router(a_router(), prefix="/api/v1")
    client = TestClient(app)
    found = {path: client.get(f"/api/v1/execution/{path}").status_code for path in ("halts", "orders/7", "fills")}
    assert found == {"halts": 200, "orders/7": 200, "fills": 404}
    assert client.post("/api/v1/execution/halts").status_code == 405
    assert client.get("/api/v1/market/halts").status_code == 404


def test_of_another_path_no_route_is_looked_at() -> None:
    router = a_router()
    assert router._head == "/execution"
    router.routes.clear()  # whoever looked at them now would find nothing, and say so another way
    assert router.matches({"type": "http", "path": "/api/v1/market/bars"}) == (Match.NONE, {})


def test_no_router_of_ours_holds_another_which_would_be_searched_twice() -> None:
    several = [*routers_beside(), *canonical_routers(), *seed_routers()]
    assert all(hasattr(route, "path") for route in chain.from_iterable(router.routes for router in several))


def test_everything_that_lasts_is_there_before_the_first_request_and_left_out_of_collections(tmp_path: Path) -> None:
    app = create_app(build_context(settings_of(tmp_path, NOWHERE, "redis://127.0.0.1:1/0")))
    try:
        settle(app)
        client = TestClient(app, raise_server_exceptions=False)
        assert client.get("/api/v1/status").status_code == 401
        assert len(gc.get_objects()) < gc.get_freeze_count() / 10
    finally:
        gc.unfreeze()


def test_a_connection_that_rests_is_closed_by_the_client(tmp_path: Path) -> None:
    told = uvicorn.Config(FastAPI(), **server_options(settings_of(tmp_path, NOWHERE, "redis://127.0.0.1:1/0")))
    assert told.timeout_keep_alive > 2 * (httpx.Limits().keepalive_expiry or 0)
