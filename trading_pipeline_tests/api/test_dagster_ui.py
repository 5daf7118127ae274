"""Dagster's own webserver behind the door: what each role may there, and what comes through."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import dagster as dg
import pytest
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from trading_pipeline.adapters.orchestrator.ui import READ_ONLY_HEADER, UI_PREFIX
from trading_pipeline.api.application import create_app
from trading_pipeline.domain.model.access import Role
from trading_pipeline.runtime.dagster.webserver import ByVisitor
from trading_pipeline_tests.testkit.access_lab import PASSWORD
from trading_pipeline_tests.testkit.api_lab import ApiLab, running_api, settings_of
from trading_pipeline_tests.testkit.served import served

pytestmark = pytest.mark.timeout(120)
GRAPHQL = f"{UI_PREFIX}/graphql"
DELETE = {"query": 'mutation { deletePipelineRun(runId: "x") { __typename } }'}
QUESTION = {"query": "{ __typename }"}
PAGE = {"Accept": "text/html"}
HERE = {"Origin": "http://testserver"}


@pytest.fixture(scope="module")
def webserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Dagster's, on a socket, in a thread of its own."""
    with (
        dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance,
        ByVisitor(instance, EmptyWorkspaceTarget()) as context,
        served(create_app_from_workspace_process_context(context, UI_PREFIX)) as address,
    ):
        yield f"{address}{UI_PREFIX}"


@pytest.fixture(scope="module")
def api(
    module_database_url: str, redis_url: str, webserver: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiLab]:
    """Before the webserver."""
    folder = tmp_path_factory.mktemp("api")
    with running_api(settings_of(folder, module_database_url, redis_url, dagster_url=webserver)) as lab:
        yield lab


@pytest.fixture(scope="module")
def browser(api: ApiLab) -> Iterator[TestClient]:
    """Signed in as an administrator, by cookies."""
    api.as_(Role.ADMIN)
    with TestClient(create_app(api.context)) as client:
        client.post("/api/v1/auth/login", json={"name": "a-admin", "password": PASSWORD, "cookies": True})
        yield client


@contextmanager
def before(api: ApiLab, webserver: str) -> Iterator[TestClient]:
    """The same users, and another webserver behind the door."""
    settings = api.context.settings.model_copy(update={"dagster_url": webserver})
    with TestClient(create_app(replace(api.context, settings=settings)), raise_server_exceptions=False) as client:
        yield client


def test_nobody_who_is_not_signed_in_gets_to_dagster_and_a_visitor_is_led_to_the_sign_in_page(api: ApiLab) -> None:
    for method, path in (("GET", "/"), ("GET", "/runs"), ("POST", "/graphql"), ("GET", "/logs/x/y.out")):
        assert api.client.request(method, f"{UI_PREFIX}{path}").status_code == 401, path
    led = api.client.get(f"{UI_PREFIX}/runs/7?tab=x", headers=PAGE, follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Fdagster%2Fruns%2F7%3Ftab%3Dx")
    page = api.client.get(led.headers["location"])
    assert (page.status_code, "<form" in page.text) == (200, True)
    with pytest.raises(WebSocketDisconnect), api.client.websocket_connect(GRAPHQL, headers=HERE):
        pass


def test_a_viewer_sees_every_page_and_what_lies_beside_it(api: ApiLab) -> None:
    page = api.get(f"{UI_PREFIX}/runs")
    assert (page.status_code, f'"pathPrefix": "{UI_PREFIX}"' in page.text) == (200, True)
    assert api.client.get(UI_PREFIX, headers=api.as_(Role.VIEWER)).url.path == f"{UI_PREFIX}/"
    assert api.get(f"{UI_PREFIX}/favicon.svg").headers["content-type"].startswith("image/svg")
    assert api.post(GRAPHQL, Role.VIEWER, QUESTION).json() == {"data": {"__typename": "Query"}}
    assert api.get(GRAPHQL, query=QUESTION["query"]).json() == {"data": {"__typename": "Query"}}


def test_a_page_keeps_its_session_by_a_script_that_its_own_policy_lets_run(api: ApiLab) -> None:
    page = api.get(f"{UI_PREFIX}/runs")
    nonce = page.headers["content-security-policy"].partition("'nonce-")[2].partition("'")[0]
    assert f'<script nonce="{nonce}" src="/session.js" defer></script></head>' in page.text
    assert "refreshSession" in api.client.get("/session.js").text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TRADER])
def test_who_does_not_administer_changes_nothing_in_dagster(api: ApiLab, role: Role) -> None:
    for body in (DELETE, {"query": "{ version }\nmutation\n{ x }"}, {"query": ["mutation"]}, [DELETE], "mutation"):
        assert api.post(GRAPHQL, role, body).status_code == 403, body
    written = {
        '{"query": "\\u006dutation { x }"}': "application/json",
        DELETE["query"]: "application/graphql",
        json.dumps(QUESTION): "text/plain",
    }
    for content, kind in written.items():
        headers = {**api.as_(role), "Content-Type": kind}
        assert api.client.post(GRAPHQL, content=content, headers=headers).status_code == 403, content
    assert api.post(f"{GRAPHQL}?query={DELETE['query']}", role, QUESTION).status_code == 403
    assert api.post(f"{UI_PREFIX}/report_asset_materialization/bars", role, {}).status_code == 403
    assert api.post(f"{GRAPHQL}/", role, DELETE).status_code == 403


def test_dagster_itself_holds_a_viewer_back_too(api: ApiLab) -> None:
    permissions = {"query": "{ permissions { permission value } }"}

    def granted(role: Role) -> set[str]:
        told = api.post(GRAPHQL, role, permissions).json()["data"]["permissions"]
        return {one["permission"] for one in told if one["value"]}

    assert (granted(Role.VIEWER), "launch_pipeline_execution" in granted(Role.ADMIN)) == (set(), True)


def test_a_header_of_the_client_gives_no_right(api: ApiLab) -> None:
    headers = {**api.as_(Role.VIEWER), READ_ONLY_HEADER: ""}
    permissions = {"query": "{ permissions { value } }"}
    told = api.client.post(GRAPHQL, json=permissions, headers=headers).json()["data"]["permissions"]
    assert {one["value"] for one in told} == {False}


def test_an_administrator_changes_things_by_post_alone_and_each_is_on_record(api: ApiLab) -> None:
    def recorded() -> list[str]:
        shown = api.get("/api/v1/admin/audit", Role.ADMIN, action="dagster.change", actor="a-admin").json()["items"]
        return [one["subject"] for one in shown]

    known, named = len(recorded()), {"query": DELETE["query"].replace("mutation", "mutation Delete")}
    gone = {"data": {"deletePipelineRun": {"__typename": "RunNotFoundError"}}}
    assert [api.post(GRAPHQL, Role.ADMIN, one).json() for one in (DELETE, named)] == [gone, gone]
    assert api.get(GRAPHQL, Role.ADMIN, query=DELETE["query"]).status_code == 403
    api.post(GRAPHQL, Role.ADMIN, QUESTION)
    api.post(f"{UI_PREFIX}/report_asset_check/bars", Role.ADMIN, {})
    told = recorded()
    assert told[: len(told) - known] == [f"{UI_PREFIX}/report_asset_check/bars", "Delete", "mutation"]


def test_a_write_by_cookie_comes_from_a_page_of_the_same_address(browser: TestClient) -> None:
    for elsewhere in ({}, {"Origin": "http://testserver:3000"}, {"Origin": "null"}, {"Origin": "https://evil.test"}):
        assert browser.post(GRAPHQL, json=DELETE, headers=elsewhere).status_code == 403, elsewhere
    assert browser.post(GRAPHQL, json=DELETE, headers=HERE).status_code == 200
    assert browser.get(f"{UI_PREFIX}/runs").status_code == 200


def test_a_subscription_comes_through_the_door(browser: TestClient) -> None:
    subscription = "subscription { locationStateChangeEvents { event { message } } }"
    with browser.websocket_connect(GRAPHQL, subprotocols=["graphql-ws"], headers=HERE) as socket:
        assert socket.accepted_subprotocol == "graphql-ws"
        socket.send_text(json.dumps({"type": "connection_init"}))
        assert socket.receive_json() == {"type": "connection_ack"}
        socket.send_text(json.dumps({"type": "start", "id": "1", "payload": {"query": "subscription { nothing }"}}))
        refused = socket.receive_json()
        assert (refused["type"], refused["id"], "nothing" in refused["payload"]["message"]) == ("error", "1", True)
        socket.send_text(json.dumps({"type": "start", "id": "2", "payload": {"query": subscription}}))
        socket.send_text(json.dumps({"type": "connection_terminate"}))
        assert socket.receive()["type"] == "websocket.close"
    for elsewhere in ({}, {"Origin": "https://evil.test"}):
        with pytest.raises(WebSocketDisconnect), browser.websocket_connect(GRAPHQL, headers=elsewhere):
            pass


def test_no_path_leads_out_of_the_ui(api: ApiLab) -> None:
    for path in ("%2e%2e/server_info", "x/%2e%2e/%2e%2e/y"):
        assert api.get(f"{UI_PREFIX}/{path}").status_code == 404


def test_a_webserver_hears_no_credentials_and_leads_nobody_past_the_door(api: ApiLab) -> None:
    async def told(request: Request) -> JSONResponse:
        return JSONResponse({"path": request.scope["raw_path"].decode(), "headers": dict(request.headers)})

    async def led(request: Request) -> RedirectResponse:
        return RedirectResponse(request.url_for("told", path="there"))

    routes = [Route("/dagster/away", led), Route("/dagster/{path:path}", told, name="told")]
    with served(Starlette(routes=routes)) as address, before(api, f"{address}{UI_PREFIX}") as client:
        headers = {**api.as_(Role.VIEWER), "Cookie": "session=x", "X-Of-The-Page": "kept"}
        heard = client.get(f"{UI_PREFIX}/assets/a%2Fb?view=x", headers=headers).json()
        moved = client.get(f"{UI_PREFIX}/away", headers=headers, follow_redirects=False)
    assert heard["path"] == f"{UI_PREFIX}/assets/a%2Fb"
    assert {"authorization", "cookie"} & set(heard["headers"]) == set()
    assert (heard["headers"]["x-of-the-page"], heard["headers"][READ_ONLY_HEADER.lower()]) == ("kept", "1")
    assert moved.headers["location"] == f"{UI_PREFIX}/there"


def test_without_a_webserver_the_door_says_so(api: ApiLab) -> None:
    for address, why in (
        ("", "is unset"),
        ("http://127.0.0.1:1/dagster", "does not answer"),
        ("http://127.0.0.1:1", "ends in /dagster"),
    ):
        with before(api, address) as client:
            answer = client.get(f"{UI_PREFIX}/", headers=api.as_(Role.VIEWER))
        assert (answer.status_code, answer.json()["code"]) == (503, "dagster_away")
        assert why in answer.json()["detail"]


def test_whoever_leaves_in_the_middle_of_a_question_is_no_error_of_ours(api: ApiLab) -> None:
    sent: list[dict[str, object]] = []
    bearer = api.as_(Role.VIEWER)["Authorization"].encode()
    headers = [(b"authorization", bearer), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": GRAPHQL,
        "raw_path": GRAPHQL.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }

    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def told(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(api.client.app(scope, gone, told))  # type: ignore[arg-type]
    assert sent[0]["status"] == 400
