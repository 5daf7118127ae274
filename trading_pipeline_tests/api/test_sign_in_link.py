"""A link that signs in once: on the machine itself, where nothing real is traded, and on record."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from trading_pipeline.api.application import create_app
from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.errors import ConfigurationError, UnknownName
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.services.access.manage_users import change_user
from trading_pipeline.services.access.sign_in_link import issue_link
from trading_pipeline_tests.api.test_signing_in import HALT, with_second_factor
from trading_pipeline_tests.testkit.access_lab import ACTOR
from trading_pipeline_tests.testkit.api_lab import ApiLab

LINK = "/api/v1/auth/link"


@pytest.fixture
def here(api: ApiLab) -> TestClient:
    """A browser on the machine itself."""
    api.limiter.spent.clear()
    return TestClient(api.client.app, client=("127.0.0.1", 50_000))


def link_of(api: ApiLab, name: str, added_as: Role | None = None) -> str:
    access = api.context.access
    return issue_link(access=access, links=api.context.links, name=name, actor=ACTOR, added_as=added_as)


def test_a_link_opens_a_browsers_session_once_and_is_on_record(api: ApiLab, here: TestClient) -> None:
    link = link_of(api, "operator", Role.ADMIN)
    signed = here.post(LINK, json={"link": link})
    assert (signed.status_code, signed.json()["access_token"]) == (200, "")
    assert here.get("/api/v1/auth/me").json()["role"] == "admin"
    csrf = {"X-CSRF-Token": signed.json()["csrf_token"]}
    assert here.post("/api/v1/execution/halts", json=HALT, headers=csrf).status_code == 200
    for used in (link, "", "never-made"):
        again = here.post(LINK, json={"link": used})
        assert (again.status_code, "users link NAME" in again.json()["detail"]) == (401, True)
    records = api.get("/api/v1/admin/audit", Role.ADMIN, limit=20).json()["items"]
    told = [(one["action"], one["actor"], one["outcome"], one["detail"]) for one in records]
    assert ("sign_in_link.issue", "root", "done", "") in told
    assert ("sign_in", "operator", "done", "by a one-time link") in told
    assert told.count(("sign_in", "", "refused", "no such link")) == 3
    assert link not in str(records)


def test_a_link_for_somebody_who_is_there_changes_nothing_about_them(api: ApiLab, here: TestClient) -> None:
    api.add("vic", Role.VIEWER)
    assert here.post(LINK, json={"link": link_of(api, "Vic", Role.ADMIN)}).status_code == 200
    assert here.get("/api/v1/auth/me").json()["role"] == "viewer"
    with pytest.raises(UnknownName, match="did you mean vic"):
        link_of(api, "vix")


@pytest.mark.parametrize("address", ["10.0.0.7", "::ffff:10.0.0.7", "testclient"])
def test_nobody_elsewhere_signs_in_by_a_link(api: ApiLab, address: str) -> None:
    link = link_of(api, "operator", Role.ADMIN)
    there = TestClient(api.client.app, client=(address, 50_000))
    assert there.post(LINK, json={"link": link}).status_code == 403


def test_an_api_that_others_reach_takes_no_links(api: ApiLab, here: TestClient) -> None:
    link = link_of(api, "operator", Role.ADMIN)
    reached = api.context.settings.model_copy(update={"api_host": "0.0.0.0"})
    app = create_app(replace(api.context, settings=reached))
    assert TestClient(app, client=("127.0.0.1", 50_000)).post(LINK, json={"link": link}).status_code == 403
    assert here.post(LINK, json={"link": link}).status_code == 200


def test_a_link_stands_neither_for_a_code_nor_for_real_money_nor_for_somebody_who_is_kept_out(
    api: ApiLab, here: TestClient
) -> None:
    with_second_factor(api, "coded")
    with pytest.raises(ConfigurationError, match="asked for a code"):
        link_of(api, "coded")
    live = replace(api.context.access, mode=TradingMode.PAPER)
    with pytest.raises(ConfigurationError, match="in mode paper people sign in by password"):
        issue_link(access=live, links=api.context.links, name="operator", actor=ACTOR, added_as=Role.ADMIN)
    api.add("old", Role.VIEWER)
    link = link_of(api, "old")
    change_user(access=api.context.access, name="old", actor=ACTOR, active=False)
    assert here.post(LINK, json={"link": link}).status_code == 401
    with pytest.raises(ConfigurationError, match="disabled"):
        link_of(api, "old")


def test_whoever_guesses_links_is_stopped(api: ApiLab, here: TestClient) -> None:
    answers = [here.post(LINK, json={"link": f"guess-{number}"}).status_code for number in range(21)]
    assert (set(answers[:20]), answers[20]) == ({401}, 429)
