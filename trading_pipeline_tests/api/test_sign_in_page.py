"""The sign-in page and what keeps a session, in a real browser before a real Dagster UI."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver.app import create_app_from_workspace_process_context

from trading_pipeline.adapters.orchestrator.ui import UI_PREFIX
from trading_pipeline.api.application import create_app
from trading_pipeline.domain.model.access import Role
from trading_pipeline.runtime.dagster.webserver import ByVisitor
from trading_pipeline.services.access.sign_in_link import issue_link
from trading_pipeline_tests.testkit.access_lab import ACTOR, PASSWORD, shown_by
from trading_pipeline_tests.testkit.api_lab import ApiLab, running_api, settings_of
from trading_pipeline_tests.testkit.browser import CHROMIUM, Page, browser
from trading_pipeline_tests.testkit.served import served

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
]
SHOWS_RUNS = "location.pathname === '/dagster/runs' && document.body.innerText.includes('Runs')"
ASKS_WHO = "location.pathname === '/sign-in' && !!document.querySelector('[name=password]')"


@pytest.fixture(scope="module")
def door(
    module_database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ApiLab, str]]:
    """The API before a webserver, and its address."""
    folder = tmp_path_factory.mktemp("door")
    with (
        dg.DagsterInstance.local_temp(str(folder), overrides={"telemetry": {"enabled": False}}) as instance,
        ByVisitor(instance, EmptyWorkspaceTarget()) as workspace,
        served(create_app_from_workspace_process_context(workspace, UI_PREFIX)) as webserver,
        running_api(settings_of(folder, module_database_url, redis_url, dagster_url=f"{webserver}{UI_PREFIX}")) as api,
        served(create_app(api.context)) as address,
    ):
        yield api, address


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path) as opened:
        yield opened


def fill(page: Page, **given: str) -> None:
    """Fill the form and send it, once its script is there: without one the page sends nothing anywhere."""
    page.wait_for("document.readyState === 'complete'")
    for name, text in given.items():
        page.says(f"document.querySelector('[name={name}]').value = '{text}'")
    page.says("document.querySelector('form').requestSubmit()")


def test_who_is_not_signed_in_is_asked_and_led_back_to_the_page_they_wanted(
    door: tuple[ApiLab, str], page: Page
) -> None:
    api, address = door
    api.add("vic", Role.VIEWER)
    page.open(f"{address}/dagster/runs?view=list")
    page.wait_for(ASKS_WHO)
    fill(page, name="vic", password="guessed")
    page.wait_for("document.getElementById('trouble').textContent.includes('is wrong')")
    fill(page, name="vic", password=PASSWORD)
    page.wait_for(f"{SHOWS_RUNS} && location.search === '?view=list'")


def test_a_person_sets_up_a_second_factor_on_their_own_page(door: tuple[ApiLab, str], page: Page) -> None:
    api, address = door
    api.add("eve", Role.TRADER)
    page.open(f"{address}/sign-in?next=/second-factor")
    page.wait_for(ASKS_WHO)
    fill(page, name="eve", password=PASSWORD)
    page.wait_for("location.pathname === '/second-factor' && !!document.querySelector('#prove')")
    fill(page, password="guessed")
    page.wait_for("document.getElementById('told').textContent === 'password or code is wrong'")
    fill(page, password=PASSWORD)
    page.wait_for("!document.getElementById('confirm').hidden")
    app = page.says("document.getElementById('app').href")
    page.says(f"document.querySelector('#confirm [name=code]').value = '{shown_by(app, datetime.now(UTC))}'")
    page.says("document.getElementById('confirm').requestSubmit()")
    page.wait_for("document.getElementById('told').textContent.startsWith('From the next sign-in')")
    assert api.login("eve").status_code == 401


def test_a_link_leads_to_dagster_whose_pages_keep_the_session_until_it_is_over(
    door: tuple[ApiLab, str], page: Page
) -> None:
    api, address = door
    access, links = api.context.access, api.context.links
    link = issue_link(access=access, links=links, name="operator", actor=ACTOR, added_as=Role.ADMIN)
    page.open(f"{address}/sign-in?next=/dagster/runs#{link}")
    page.wait_for(SHOWS_RUNS)
    assert page.says("location.href").endswith("/dagster/runs")  # what signed in is in no address any more
    assert page.says("refreshSession(0)") is True
    page.open(f"{address}/sign-in?next=//evil.test/#{link}")  # used, and its holder is still there
    page.wait_for("location.pathname.startsWith('/dagster/')")
    assert page.says("location.origin") == address
    page.forget_cookies()
    page.open(f"{address}/dagster/runs")
    page.wait_for(ASKS_WHO)
