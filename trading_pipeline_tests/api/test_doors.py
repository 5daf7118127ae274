"""What is not allowed is denied: every route, every role, and anonymous."""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from trading_pipeline.api.application import create_app
from trading_pipeline.api.doors import MARK
from trading_pipeline.api.routers.catalog import canonical_routers, routers_beside
from trading_pipeline.domain.model.access import Permission, Role
from trading_pipeline_tests.testkit.api_lab import ApiLab

READS_OF_A_VIEWER = {
    *("post /api/v1/auth/logout", "post /api/v1/auth/ticket"),
    *("post /api/v1/auth/second-factor", "put /api/v1/auth/second-factor", "post /api/v1/auth/second-factor/drop"),
}
"""They change how somebody signs in, not the system."""
SIGNING_IN = {f"post /api/v1/auth/{how}" for how in ("login", "link", "refresh")}


@pytest.fixture(autouse=True)
def nothing_spent(api: ApiLab) -> None:
    """What is refused is counted, and every test here asks for a refusal of every operation."""
    api.limiter.spent.clear()


def operations(api: ApiLab) -> Iterator[tuple[str, str, str]]:
    """Method, path with something in its places, and what it needs, of every operation of the document."""
    for path, several in api.client.get("/openapi.json").json()["paths"].items():
        for method, operation in several.items():
            yield method, path, operation.get(MARK, "denied")


def filled(path: str) -> str:
    return path.replace("{", "x-").replace("}", "")


def test_every_operation_says_what_it_needs(api: ApiLab) -> None:
    assert [f"{method} {path}" for method, path, need in operations(api) if need == "denied"] == []


def test_only_signing_in_and_health_are_public(api: ApiLab) -> None:
    public = {f"{method} {path}" for method, path, need in operations(api) if need == "public"}
    assert {one for one in public if not one.startswith("get ")} == SIGNING_IN
    assert all(one.split("/")[1].removesuffix("z") in ("health", "ready", "live") for one in public - SIGNING_IN)


def test_of_what_no_document_names_only_pages_that_hold_nothing_are_public() -> None:
    routes = [route for router in (*routers_beside(), *canonical_routers()) for route in router.routes]
    hidden = {one.path: one for one in routes if isinstance(one, APIRoute) and not one.include_in_schema}
    public = {path for path, route in hidden.items() if (route.openapi_extra or {}).get(MARK) == "public"}
    pages = {"/sign-in", "/sign_in.js", "/sign_in.css", "/second-factor", "/second_factor.js", "/session.js"}
    assert public == pages
    assert set(hidden) - public == {"/dagster", "/dagster/{path:path}"}


def test_nobody_anonymous_gets_behind_the_door(api: ApiLab) -> None:
    for method, path, need in operations(api):
        if need != "public":
            api.limiter.spent.clear()
            answer = api.client.request(method, filled(path), json={})
            assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_viewer_writes_nothing(api: ApiLab) -> None:
    for method, path, need in operations(api):
        name = f"{method} {path}"
        if method != "get" and need != "public" and name not in READS_OF_A_VIEWER:
            answer = api.client.request(method, filled(path), json={}, headers=api.as_(Role.VIEWER))
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), name


def test_a_trader_administers_nothing(api: ApiLab) -> None:
    for method, path, need in operations(api):
        if need == Permission.ADMINISTER:
            answer = api.client.request(method, filled(path), json={}, headers=api.as_(Role.TRADER))
            assert answer.status_code == 403, (method, path)


def test_a_route_that_says_nothing_is_denied_even_to_an_administrator(api: ApiLab) -> None:
    app = create_app(api.context)
    app.add_api_route("/forgotten", lambda: "secret", methods=["GET"])
    answer = TestClient(app).get("/forgotten", headers=api.as_(Role.ADMIN))
    assert (answer.status_code, "secret" in answer.text) == (403, False)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Digest x"},
        {"X-API-Key": ""},
        {"X-API-Key": "tpk_a_b"},
        {"X-Admin-Token": "change-me"},
        {"Cookie": "session=a.b.c"},
    ],
)
def test_whatever_is_no_credential_is_refused(api: ApiLab, headers: dict[str, str]) -> None:
    api.limiter.spent.clear()  # those of the walk over every route have been counted
    answer = api.client.get("/api/v1/auth/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_whoever_is_refused_too_often_is_told_when_to_come_back(api: ApiLab) -> None:
    wrong = {"X-API-Key": "tpk_a_b"}
    refused = [api.client.get("/api/v1/auth/me", headers=wrong) for _ in range(101)]
    assert [one.status_code for one in (refused[0], refused[99], refused[100])] == [401, 401, 429]
    assert (refused[100].json()["code"], refused[100].headers["Retry-After"]) == ("too_many_requests", "60")
    # whoever is known goes on, from the same address
    assert api.client.get("/api/v1/auth/me", headers=api.as_(Role.VIEWER)).status_code == 200


def test_a_client_that_asks_too_much_is_slowed_down_alone(api: ApiLab) -> None:
    viewer, trader = api.as_(Role.VIEWER), api.as_(Role.TRADER)
    api.limiter.spent.clear()
    assert api.client.get("/api/v1/auth/me", headers=viewer).status_code == 200
    (counted,) = api.limiter.spent
    api.limiter.spent[counted] = 12_000
    assert api.client.get("/api/v1/auth/me", headers=viewer).status_code == 429
    assert api.client.get("/api/v1/auth/me", headers=trader).status_code == 200
