"""The API as production composes it, on a real database and Redis; only jobs go nowhere."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fastapi.testclient import TestClient
from httpx import Response

from trading_pipeline.api.application import create_app
from trading_pipeline.api.backfills import Backfills
from trading_pipeline.api.charts import Charts
from trading_pipeline.api.commands import Commands
from trading_pipeline.api.composition import build_context
from trading_pipeline.api.context import ApiContext
from trading_pipeline.api.research import Research
from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.errors import ServerAway
from trading_pipeline.domain.model.launched import LaunchedJob, RunShown, RunsQuestion, RunState
from trading_pipeline.ports.orchestrator import JobLauncher
from trading_pipeline.services.access.manage_users import Credentials, add_user
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.testkit.access_lab import ACTOR, PASSWORD, SECRET, CountedAttempts, QuickPasswords
from trading_pipeline_tests.testkit.execution_lab import WAVE
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fakes_market_data import RecordedMarketData

CONFIG = Path(__file__).resolve().parents[2] / "config"
DAGSTER = "http://dagster.test"


@dataclass
class LaunchedJobs(JobLauncher):
    """Remembers what was launched."""

    launched: list[tuple[str, Mapping[str, Mapping[str, object]]]] = field(default_factory=list)
    away: bool = False

    def launch(self, job: str, ops: Mapping[str, Mapping[str, object]]) -> LaunchedJob:
        """Number the runs."""
        self.check()
        self.launched.append((job, ops))
        run_id = f"run-{len(self.launched)}"
        return LaunchedJob(job, run_id, self.page_of(run_id))

    def backfill(self, assets: Sequence[str], partitions: Sequence[str], title: str) -> LaunchedJob:
        """Number them, too."""
        self.check()
        self.launched.append((title, {asset: {"partitions": list(partitions)} for asset in assets}))
        backfill_id = f"backfill-{len(self.launched)}"
        return LaunchedJob(title, backfill_id, f"{DAGSTER}/runs/b/{backfill_id}")

    def runs(self, question: RunsQuestion) -> Sequence[RunShown]:
        """Those that were launched, the newest first; all of them wait."""
        self.check()
        known = [
            RunShown(f"run-{place}", job, RunState.QUEUED, WAVE, None, None, {}, self.page_of(f"run-{place}"))
            for place, (job, _) in enumerate(self.launched, start=1)
        ]
        fitting = [
            one
            for one in reversed(known)
            if question.run_id in ("", one.run_id)
            and question.job in ("", one.job)
            and question.state in (None, one.state)
        ]
        following = [place for place, one in enumerate(fitting, start=1) if one.run_id == question.after]
        return fitting[following[0] if following else 0 :][: question.limit]

    def page_of(self, run_id: str) -> str:
        """At an address that nobody serves."""
        return f"{DAGSTER}/runs/{run_id}"

    def check(self) -> None:
        """Answer, unless told not to."""
        if self.away:
            raise ServerAway("dagster", "Dagster does not answer")


@dataclass
class ApiLab:
    """An API and users of every role."""

    context: ApiContext
    client: TestClient
    jobs: LaunchedJobs
    limiter: CountedAttempts
    market: RecordedMarketData
    clock: FakeClock
    signed_in: dict[Role, dict[str, str]] = field(default_factory=dict)
    added: set[Role] = field(default_factory=set)

    def add(self, name: str, role: Role) -> Credentials:
        """A user with ``PASSWORD``."""
        return add_user(access=self.context.access, name=name, role=role, actor=ACTOR, password=PASSWORD)

    def login(self, name: str, **more: object) -> Response:
        """Sign in by name and password."""
        return self.client.post("/api/v1/auth/login", json={"name": name, "password": PASSWORD, **more})

    def as_(self, role: Role) -> dict[str, str]:
        """Headers of a user of the role, who signs in anew where ``signed_in`` was emptied."""
        if role not in self.signed_in:
            if role not in self.added:
                self.add(f"a-{role}", role)
                self.added.add(role)
            self.signed_in[role] = {"Authorization": f"Bearer {self.login(f'a-{role}').json()['access_token']}"}
        return self.signed_in[role]

    def get(self, path: str, role: Role = Role.VIEWER, **params: object) -> Response:
        """Read as somebody."""
        return self.client.get(path, params=params, headers=self.as_(role))

    def post(self, path: str, role: Role, body: object = None) -> Response:
        """Write as somebody."""
        return self.client.post(path, json=body, headers=self.as_(role))


def settings_of(folder: Path, database_url: str, redis_url: str, **more: object) -> GivenSettings:
    """Settings of a process beside these servers."""
    given = {"database_url": database_url, "redis_url": redis_url, "config_dir": CONFIG, "state_dir": folder}
    given |= {"bybit_rest_url": "http://127.0.0.1:9"}  # where no venue answers
    return GivenSettings.model_validate({**given, "api_secret": SECRET, **more})


@contextmanager
def running_api(settings: GivenSettings) -> Iterator[ApiLab]:
    """The API without a socket: requests go straight into the application."""
    composed, jobs = build_context(settings), LaunchedJobs()
    # Of the composition, what would be slow (hashes), shared by tests (counted attempts) or elsewhere (jobs, venue).
    limiter = CountedAttempts()
    access = replace(composed.access, passwords=QuickPasswords(), limiter=limiter)
    market, clock = RecordedMarketData([], WAVE), FakeClock(WAVE)
    commands = Commands(settings, composed.engine, jobs, lambda: clock)
    charts = Charts(composed.reader, composed.universe, lambda: (market, clock))
    backfills = Backfills(settings, composed.engine, composed.universe, jobs, lambda: market)
    research = Research(settings, composed.engine, composed.universe, jobs)
    context = replace(
        composed,
        access=access,
        jobs=jobs,
        commands=commands,
        charts=charts,
        backfills=backfills,
        research=research,
    )
    with TestClient(create_app(context), raise_server_exceptions=False) as client:
        yield ApiLab(context, client, jobs, limiter, market, clock)
