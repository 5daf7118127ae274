"""Where a system keeps its state, and the environment its processes share."""

import shutil
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import structlog
import yaml

from trading_pipeline.domain.model.errors import ConfigurationError, ServerAway
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres, EmbeddedRedis, ServerNotUp
from trading_pipeline.runtime.supervision.log_files import rotate
from trading_pipeline.runtime.supervision.state_folder import private
from trading_pipeline.runtime.supervision.subprocess_tasks import prepare_databases
from trading_pipeline.settings import Settings

log = structlog.get_logger()

_DAGSTER_YAML = Path(__file__).parents[1] / "dagster" / "dagster.yaml"

PROCESS_SETTINGS = {
    # one planned event per run instead of one per partition, and batched writes:
    # a wave of 200 symbols and 4 assets costs 0.75 s of events with these and 19 s without
    "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "1",
    "DAGSTER_EVENT_BATCH_SIZE": "500",
    # seconds between two looks for runs to repeat, and at the age of assets: minutes and hours are what they are about
    "DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS": "10",
    "FRESHNESS_DAEMON_INTERVAL_SECONDS": "60",
    # a sensor that waits for a bar must not hold up the end of its server
    "DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD": "2",
    # two dozen threads with an arena each hold memory they do not use
    "MALLOC_ARENA_MAX": "2",
    # said at every start, about what we know and want
    "PYTHONWARNINGS": ",".join(
        f"ignore:{beginning}"
        for beginning in (
            "Parameter `backfill_policy`",  # in beta, and what makes a day of a wave one run
            "Parameter `owners`",  # likewise of sensors
            "Task name 'execute_job' is already registered",  # the launcher makes its task anew for each run
            "You're running the worker with superuser privileges",  # in a container everybody does
        )
    ),
    # seconds without a run after which a worker gives up its processes beyond the first
    "AUTOSCALE_KEEPALIVE": "10",
}


@dataclass(slots=True)
class SystemState:
    """The servers, databases and folders of one running system.

    :param dagster_yaml: settings of the Dagster instance.
    """

    settings: Settings
    dagster_yaml: Path = _DAGSTER_YAML
    variables: dict[str, str] = field(default_factory=dict)
    _postgres: EmbeddedPostgres | None = None
    _redis: EmbeddedRedis | None = None

    @property
    def folder(self) -> Path:
        """Root of everything the system writes."""
        return self.settings.state_dir.resolve()

    @property
    def log_dir(self) -> Path:
        """Logs and process ids."""
        return self.folder / "log"

    @property
    def dagster_home(self) -> Path:
        """The Dagster instance's folder."""
        return self.folder / "dagster"

    @property
    def workspace(self) -> Path:
        """The workspace file that leads webserver and daemon to the code server."""
        return self.dagster_home / "workspace.yaml"

    @property
    def code_socket(self) -> Path:
        """Unix socket of the code server: two servers can never share it, as they could a port."""
        return self.dagster_home / "code.sock"

    def open(self) -> None:
        """Start what is not given by settings, migrate, and write the Dagster home.

        :raises ConfigurationError: a given server cannot be reached.
        """
        private(self.folder)
        # The database before everything: what is written below has its address in it.
        database_url, dagster_url = self._open_database()
        self._write_dagster_home()
        # every setting is told, so that no process looks for one in an environment or a file of its own
        self.variables.update(self.settings.variables())
        self.variables.update(
            PROCESS_SETTINGS,
            TRADING_STATE_DIR=str(self.folder),
            TRADING_INSTANCE=self.settings.instance_name,
            TRADING_CONFIG_DIR=str(self.settings.config_dir.resolve()),
            TRADING_DBT_PROJECT_DIR=str(self.settings.dbt_project_dir.resolve()),
            DATABASE_URL=database_url,
            DAGSTER_POSTGRES_URL=dagster_url,
            REDIS_URL=(redis_url := self._open_redis()),
            CELERY_BROKER_URL=celery_url(redis_url),
            DAGSTER_HOME=str(self.dagster_home),
            TRADING_CODE_VERSION=self.settings.code_version or _code_version(),
        )

    def revive(self) -> list[str]:
        """Start embedded servers again that are gone; their names.

        :raises ConfigurationError: a server that is needed cannot be started at all.
        """
        for log_file in (self.folder / "redis" / "redis.log", self.folder / "postgres" / "log"):
            rotate(log_file)
        revived = []
        # A server that is down for a moment must not keep the other from being looked after.
        for name, server in (("redis", self._redis), ("postgres", self._postgres)):
            try:
                if server is not None and server.revive():
                    revived.append(name)
                    log.warning("server restarted", server=name)
            except ServerNotUp as error:
                log.warning("server is down", server=name, cause=str(error))
        return revived

    def close(self) -> None:
        """Stop the embedded servers."""
        if self._redis is not None:
            self._redis.stop()
        if self._postgres is not None:
            self._postgres.stop()

    def _open_database(self) -> tuple[str, str]:
        database_url, dagster_url = self.settings.database_url, self.settings.dagster_database_url
        if not database_url:
            self._postgres = EmbeddedPostgres(self.folder / "postgres")
            self._postgres.start()
            database_url = self._postgres.url("trading", "psycopg")
            dagster_url = self._postgres.url("dagster", "psycopg2")
        dagster_url = dagster_url or _sibling(database_url, "dagster")
        if told := prepare_databases(database_url, dagster_url, self.settings):
            log.warning(told)
        return database_url, dagster_url

    def _open_redis(self) -> str:
        if self.settings.redis_url:
            # here alone: the client's 20 MB are only held where the server is not our own
            from trading_pipeline.adapters.streams.redis_stream import RedisStream

            try:
                RedisStream(self.settings.redis_url).check()
            # Before anything runs it is the address that is wrong, as far as anybody can tell.
            except ServerAway as error:
                raise ConfigurationError(str(error)) from error
            return self.settings.redis_url
        self._redis = EmbeddedRedis(self.folder / "redis")
        self._redis.start()
        return self._redis.url

    def _write_dagster_home(self) -> None:
        self.dagster_home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.dagster_yaml, self.dagster_home / "dagster.yaml")
        location = {"grpc_server": {"socket": str(self.code_socket), "location_name": "trading_pipeline"}}
        self.workspace.write_text(yaml.safe_dump({"load_from": [location]}))


def _sibling(url: str, database: str) -> str:
    """The same server's other database, with the driver that Dagster ships."""
    parts = urlsplit(url)
    return f"postgresql+psycopg2://{parts.netloc}/{database}" + (f"?{parts.query}" if parts.query else "")


def celery_url(redis_url: str) -> str:
    """The address as Celery writes it: a unix socket has a scheme of its own there."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?virtual_host={dict(parse_qsl(query)).get('db', '0')}"


def _code_version() -> str:
    """The commit of a checkout, else the version of the installed package."""
    git = shutil.which("git")
    if git is None:
        return version("trading-pipeline")
    asked = [git, "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=10"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else version("trading-pipeline")
