"""A browser and a program, from signing in to signing out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from trading_pipeline.api.application import create_app
from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.services.access.manage_users import add_user
from trading_pipeline_tests.testkit.access_lab import ACTOR, PASSWORD, shown_by
from trading_pipeline_tests.testkit.api_lab import ApiLab

HALT = {"scope": "BTCUSDT", "reason": "maintenance"}


@pytest.fixture
def browser(api: ApiLab) -> TestClient:
    """Keeps cookies; the door behind it asks for one-time codes, as with real money."""
    live = replace(api.context, access=replace(api.context.access, mode=TradingMode.LIVE))
    return TestClient(create_app(live), base_url="https://trading.test")


def test_a_browser_signs_in_with_a_code_writes_with_its_token_refreshes_and_signs_out(
    api: ApiLab, browser: TestClient
) -> None:
    user = {"name": "bea", "password": PASSWORD, "cookies": True}
    enrolment = with_second_factor(api, "bea")
    assert browser.post("/api/v1/auth/login", json=user).status_code == 401
    code = shown_by(enrolment, datetime.now(UTC))
    signed = browser.post("/api/v1/auth/login", json={**user, "totp_code": code})
    assert (signed.status_code, signed.json()["access_token"], signed.json()["refresh_token"]) == (200, "", "")
    for cookie in signed.headers.get_list("set-cookie"):
        assert {"HttpOnly", "Secure", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert browser.get("/api/v1/auth/me").json()["name"] == "bea"
    csrf = {"X-CSRF-Token": signed.json()["csrf_token"]}
    refused = browser.post("/api/v1/execution/halts", json=HALT)
    assert (refused.status_code, "X-CSRF-Token" in refused.json()["detail"]) == (403, True)
    assert browser.post("/api/v1/execution/halts", json=HALT, headers=csrf).status_code == 200
    old = browser.cookies["refresh"]
    fresh = browser.post("/api/v1/auth/refresh", json={})
    assert browser.post("/api/v1/execution/halts", json=HALT, headers=csrf).status_code == 403
    csrf = {"X-CSRF-Token": fresh.json()["csrf_token"]}
    assert browser.post("/api/v1/auth/logout", headers=csrf).status_code == 204
    assert browser.get("/api/v1/auth/me").status_code == 401
    assert browser.post("/api/v1/auth/refresh", json={"refresh_token": old}).status_code == 401


def test_a_person_sets_up_a_second_factor_and_drops_it_again(api: ApiLab) -> None:
    path, password = "/api/v1/auth/second-factor", {"password": PASSWORD}
    api.add("eve", Role.TRADER)
    bearer = {"Authorization": f"Bearer {api.login('eve').json()['access_token']}"}
    assert api.client.post(path, json={"password": "guessed"}, headers=bearer).status_code == 403
    app = api.client.post(path, json=password, headers=bearer).json()["totp_uri"]
    now = datetime.now(UTC)
    assert api.client.put(path, json={"totp_code": shown_by(app, now)}, headers=bearer).status_code == 204
    assert api.login("eve").status_code == 401
    later = {**password, "totp_code": shown_by(app, now + timedelta(seconds=30))}
    assert api.client.post(f"{path}/drop", json=later, headers=bearer).status_code == 204
    assert api.login("eve").status_code == 200


def with_second_factor(api: ApiLab, name: str) -> str:
    """A trader; what their authenticator app has read."""
    made = add_user(
        access=api.context.access, name=name, role=Role.TRADER, actor=ACTOR, password=PASSWORD, second_factor=True
    )
    return made.enrolment


def test_a_refresh_token_that_is_replayed_ends_the_session(api: ApiLab) -> None:
    api.add("rae", Role.VIEWER)
    first = api.login("rae").json()
    second = api.client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]}).json()
    bearer = {"Authorization": f"Bearer {second['access_token']}"}
    assert api.client.get("/api/v1/auth/me", headers=bearer).status_code == 200
    replayed = api.client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert (replayed.status_code, "used before" in replayed.json()["detail"]) == (401, True)
    assert api.client.get("/api/v1/auth/me", headers=bearer).status_code == 401


def test_a_key_works_in_every_header_that_programs_use(api: ApiLab) -> None:
    made = api.post("/api/v1/admin/api-keys", Role.ADMIN, {"user": "a-admin", "label": "bot", "scopes": ["read"]})
    secret = made.json()["secret"]
    assert made.status_code == 201
    basic = ("whoever", secret)
    assert api.client.get("/api/v1/auth/me", auth=basic).json()["permissions"] == ["read"]
    for headers in ({"X-API-Key": secret}, {"X-Admin-Token": secret}, {"Authorization": f"Bearer {secret}"}):
        assert api.client.get("/api/v1/auth/me", headers=headers).json()["name"] == "a-admin"
    assert api.client.post("/api/v1/execution/halts", json=HALT, headers={"X-API-Key": secret}).status_code == 403
    api.client.delete(f"/api/v1/admin/api-keys/{made.json()['key_id']}", headers=api.as_(Role.ADMIN))
    assert api.client.get("/api/v1/auth/me", headers={"X-API-Key": secret}).status_code == 401


def test_an_administrator_adds_changes_resets_and_keeps_out(api: ApiLab) -> None:
    made = api.post("/api/v1/admin/users", Role.ADMIN, {"name": "new", "role": "trader"})
    assert (made.status_code, made.json()["totp_uri"]) == (201, "")
    login = {"name": "new", "password": made.json()["password"]}
    token = api.client.post("/api/v1/auth/login", json=login).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    admin = api.as_(Role.ADMIN)
    api.client.patch("/api/v1/admin/users/new", json={"role": "viewer"}, headers=admin)
    assert api.client.post("/api/v1/execution/halts", json=HALT, headers=bearer).status_code == 403
    api.client.post("/api/v1/admin/users/new/reset", headers=admin)
    assert api.client.post("/api/v1/auth/login", json=login).status_code == 401
    assert api.client.patch("/api/v1/admin/users/new", json={"active": False}, headers=admin).json()["active"] is False
    unknown = api.client.patch("/api/v1/admin/users/nwe", json={"active": False}, headers=admin)
    assert (unknown.status_code, "did you mean new" in unknown.json()["detail"]) == (404, True)


def test_what_was_done_is_on_record_with_its_request_and_the_chain_is_whole(api: ApiLab) -> None:
    headers = {**api.as_(Role.ADMIN), "X-Request-ID": "request-of-the-test"}
    api.client.post("/api/v1/admin/users", json={"name": "noted", "role": "viewer"}, headers=headers)
    (record,) = api.get("/api/v1/admin/audit", Role.ADMIN, request_id="request-of-the-test").json()["items"]
    assert (record["actor"], record["action"], record["subject"]) == ("a-admin", "user.add", "noted")
    assert record["after"] == {"role": "viewer", "second_factor": False}
    chain = api.get("/api/v1/admin/audit-chain", Role.ADMIN).json()
    assert (chain["broken"], chain["records"] > 0) == ("", True)


def test_no_secret_is_in_any_list(api: ApiLab) -> None:
    for path in ("/api/v1/admin/users", "/api/v1/admin/api-keys", "/api/v1/admin/audit"):
        shown = api.get(path, Role.ADMIN).text
        assert not any(secret in shown for secret in ("hash", "totp_secret", "offered", "gAAAA", PASSWORD)), path
