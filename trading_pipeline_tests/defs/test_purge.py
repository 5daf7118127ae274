"""What a purge takes away, and what it must leave, on Dagster's own storage in PostgreSQL."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from sqlalchemy import Engine, create_engine, delete, insert, select
from sqlalchemy.exc import DBAPIError

from trading_pipeline.adapters.stores.execution.ledger_runs import PostgresLedgerRuns
from trading_pipeline.adapters.stores.postgres.operations_tables import notifications
from trading_pipeline.defs.execution.jobs import execute_plans, reconcile
from trading_pipeline.defs.operations.purge import purge
from trading_pipeline.defs.operations.run_history import DagsterRunHistory
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.run_history import Retention, RunKind
from trading_pipeline.resources.stores import Stores
from trading_pipeline.services.operations.purge_runs import PurgeResult, purge_runs
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.defs.execution_stage import launch
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RETENTION = Retention(runs=14 * DAY, order_runs=400 * DAY, quiet_runs=DAY)
DAYS = dg.StaticPartitionsDefinition(["monday", "tuesday"])
REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("trading_pipeline"), "__repository__")
OPERATOR_JOBS = ("halt", "resume", "kill_switch", "close_position", "open_from_signal", "move_stop", "cancel_order")
ONE, PRICE = Decimal(1), Decimal(1000)
OTHER, RECONCILIATION = RunKind.OTHER, RunKind.RECONCILIATION


@dg.op
def say_something() -> None:
    """A step like any other."""


@dg.job(executor_def=dg.in_process_executor)
def nothing_special() -> None:
    """A run that no asset is known by."""
    say_something()


@dg.asset(partitions_def=DAYS)
def readings() -> None:
    """By day."""


@dg.asset
def total() -> None:
    """As a whole."""


@dg.asset_check(asset=total)
def total_is_sound() -> dg.AssetCheckResult:
    """A verdict."""
    return dg.AssetCheckResult(passed=True)


class Purges:
    """A system's history, looked at later."""

    def __init__(self, instance: dg.DagsterInstance, database: Engine) -> None:
        self.instance = instance
        self.history = DagsterRunHistory(instance, portion=2)
        self._ledger_runs = PostgresLedgerRuns(database)

    def later(self, age: timedelta, most: int = 1_000) -> PurgeResult:
        """Purge as if all that there is had ended ``age`` ago."""
        return purge_runs(
            history=self.history,
            ledger_runs=self._ledger_runs,
            retention=RETENTION,
            now=datetime.now(UTC) + age,
            most=most,
        )

    def run(self, job: dg.JobDefinition = nothing_special) -> str:
        """Execute a job here and now; its id."""
        return job.execute_in_process(instance=self.instance).run_id

    def add(self, job: str, status: dg.DagsterRunStatus, run_id: str = "", **tags: str) -> None:
        """Store a run that has left nothing else."""
        origin = RemoteJobOrigin(REPOSITORY, job)
        run = dg.DagsterRun(job, run_id=run_id or new_run_id(), status=status, tags=tags, remote_job_origin=origin)
        self.instance.add_run(run)

    def materialize(self, *assets: dg.AssetsDefinition | dg.AssetChecksDefinition, partition: str | None = None) -> str:
        """Try to materialise assets, and to ask checks, here and now; the run's id."""
        result = dg.materialize(assets, partition_key=partition, instance=self.instance, raise_on_error=False)
        return result.run_id

    @property
    def runs(self) -> list[str]:
        """Ids of the runs that are left, the oldest first."""
        return [run.run_id for run in self.instance.get_runs(ascending=True)]

    def folder(self, run_id: str) -> Path:
        """Where a run's logs are."""
        return Path(self.instance.storage_directory()) / run_id


@pytest.fixture
def purges(stored_instance: dg.DagsterInstance, database: Engine) -> Purges:
    return Purges(stored_instance, database)


def new_run_id() -> str:
    return str(uuid.uuid4())


def test_an_old_run_goes_with_events_and_folder(purges: Purges) -> None:
    run_id = purges.run()
    assert purges.folder(run_id).is_dir()
    assert purges.later(14 * DAY + HOUR) == PurgeResult({OTHER: 1}, needed=0, complete=True)
    assert purges.runs == []
    assert purges.instance.all_logs(run_id) == []
    assert not purges.folder(run_id).exists()


def test_a_younger_run_stays_with_everything(purges: Purges) -> None:
    run_id = purges.run()
    events = len(purges.instance.all_logs(run_id))
    purges.later(14 * DAY - HOUR)
    assert (purges.runs, len(purges.instance.all_logs(run_id))) == ([run_id], events)
    assert purges.folder(run_id).is_dir()


def test_a_run_that_has_not_ended_is_never_touched(purges: Purges) -> None:
    under_way = [status for status in dg.DagsterRunStatus if status.value not in ("SUCCESS", "FAILURE", "CANCELED")]
    for status in under_way:
        purges.add("bar_close", status)
    purges.later(10_000 * DAY)
    assert len(purges.runs) == len(under_way)


def test_runs_that_ended_badly_go_like_any_other(purges: Purges) -> None:
    for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
        purges.add("bar_close", status)
    purges.later(15 * DAY)
    assert purges.runs == []


def test_runs_about_orders_stay_their_own_time(purges: Purges) -> None:
    jobs = ("execute_plans", "manage_and_execute", "manage_positions", "follow_fills", *OPERATOR_JOBS)
    for job in jobs:
        purges.add(job, dg.DagsterRunStatus.SUCCESS)
    purges.later(399 * DAY)
    assert len(purges.runs) == len(jobs)
    assert purges.later(401 * DAY).removed == {RunKind.ORDERS: len(jobs)}


def test_every_partition_keeps_its_newest_materialization_and_no_older_one(purges: Purges) -> None:
    purges.materialize(readings, partition="monday")
    tuesday = purges.materialize(readings, partition="tuesday")
    monday = purges.materialize(readings, partition="monday")
    assert purges.later(15 * DAY) == PurgeResult({OTHER: 1}, needed=2, complete=True)
    assert purges.runs == [tuesday, monday]
    assert purges.instance.get_materialized_partitions(readings.key) == {"monday", "tuesday"}


def test_an_asset_without_partitions_keeps_its_newest_materialization(purges: Purges) -> None:
    _, newest = purges.materialize(total), purges.materialize(total)
    purges.later(15 * DAY)
    event = purges.instance.get_latest_materialization_event(total.key)
    assert event is not None
    assert [event.run_id] == purges.runs == [newest]


def test_the_last_run_of_an_asset_stays_where_it_failed(purges: Purges) -> None:
    @dg.asset(name="total")
    def broken_total() -> None:
        raise RuntimeError

    *_, newest, failed = purges.materialize(total), purges.materialize(total), purges.materialize(broken_total)
    purges.later(15 * DAY)
    assert purges.runs == [newest, failed]


def test_an_observation_is_kept_beside_the_materialization_that_came_after_it(purges: Purges) -> None:
    @dg.op
    def look(context: dg.OpExecutionContext) -> None:
        context.log_event(dg.AssetObservation("total"))

    @dg.job(executor_def=dg.in_process_executor)
    def looking() -> None:
        look()

    kept = [purges.run(looking), purges.materialize(total)]
    purges.later(15 * DAY)
    assert purges.runs == kept


def test_only_a_checks_newest_verdict_is_kept(purges: Purges) -> None:
    _, verdict = purges.materialize(total, total_is_sound), purges.materialize(total, total_is_sound)
    materialized = purges.materialize(total)
    purges.later(15 * DAY)
    assert purges.runs == [verdict, materialized]
    rows = purges.instance.event_log_storage.get_asset_check_execution_history(total_is_sound.check_key, limit=9)
    assert [row.run_id for row in rows] == [verdict]


def test_an_unanswered_check_keeps_its_verdict_before(purges: Purges) -> None:
    @dg.asset_check(asset=total, name="total_is_sound")
    def broken_check() -> dg.AssetCheckResult:
        raise RuntimeError

    kept = [purges.materialize(total, total_is_sound), purges.materialize(total, broken_check)]
    materialized = purges.materialize(total)
    purges.later(15 * DAY)
    assert purges.runs == [*kept, materialized]


def test_every_partition_keeps_the_newest_verdict_about_it(purges: Purges) -> None:
    @dg.asset_check(asset=readings, partitions_def=DAYS)
    def reading_is_sound() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    verdicts = [purges.materialize(readings, reading_is_sound, partition=day) for day in ("monday", "tuesday")]
    materialized = [purges.materialize(readings, partition=day) for day in ("monday", "tuesday")]
    purges.later(15 * DAY)
    assert purges.runs == [*verdicts, *materialized]


def test_runs_that_gave_up_a_work_stay(purges: Purges) -> None:
    for work, useful_s in (("wave-a", 0), ("wave-b", 3600)):
        for _ in range(2):
            purges.add("bar_close", dg.DagsterRunStatus.FAILURE, work=work, lives_s=str(useful_s))
    purges.later(15 * DAY)
    assert [run.tags["work"] for run in purges.instance.get_runs()] == ["wave-a"] * 2


def reconciled(purges: Purges, lab: Lab) -> str:
    """A comparison of venue and ledger; the run's id."""
    return launch(lab, reconcile, run_id=new_run_id(), instance=purges.instance).run_id


def test_empty_reconciliations_go_after_a_day(purges: Purges, database: Engine) -> None:
    lab = Lab(database)
    told, *_ = [reconciled(purges, lab) for _ in range(4)]
    purges.later(23 * HOUR)
    assert len(purges.runs) == 4
    assert purges.later(25 * HOUR) == PurgeResult({RECONCILIATION: 3}, needed=1, complete=True)
    assert purges.runs == [told]


def test_readings_that_change_every_minute_keep_no_reconciliation_but_the_newest(
    purges: Purges, database: Engine
) -> None:
    lab, quiet = Lab(database), []
    for _ in range(4):
        lab.venue.equity += 1
        quiet.append(reconciled(purges, lab))
    purges.later(25 * HOUR)
    assert purges.runs == quiet[-1:]


def test_reconciliations_with_findings_stay_like_order_runs(purges: Purges, database: Engine) -> None:
    lab = Lab(database)
    lab.venue.trade("BTCUSDT.BYBIT", Side.SELL, ONE, PRICE, FillKind.TRADE)
    found = reconciled(purges, lab)
    lab.venue.trade("BTCUSDT.BYBIT", Side.BUY, ONE, PRICE, FillKind.TRADE)
    lab.clock.set(WAVE + DAY)
    newest = reconciled(purges, lab)
    reconciled(purges, lab)
    purges.later(399 * DAY)
    assert purges.runs == [found, newest]


def test_a_reconciliation_stays_with_the_fill_it_answered(purges: Purges, database: Engine) -> None:
    lab, plan = Lab(database), trade_plan()
    store_plan(database, plan)
    executed = launch(lab, execute_plans, run_id=new_run_id(), instance=purges.instance).run_id
    lab.venue.move("BTCUSDT.BYBIT", Decimal(980))
    answered = reconciled(purges, lab)
    reconciled(purges, lab)
    purges.later(399 * DAY)
    assert purges.runs == [executed, answered]


def test_a_reconciliation_that_repaired_a_stop_stays(purges: Purges, database: Engine) -> None:
    lab, plan = Lab(database), trade_plan()
    store_plan(database, plan)
    executed = launch(lab, execute_plans, run_id=new_run_id(), instance=purges.instance).run_id
    stops = []
    for _ in range(2):
        lab.venue.strip_stop("BTCUSDT.BYBIT")
        stops.append(reconciled(purges, lab))
    purges.later(399 * DAY)
    assert purges.runs == [executed, *stops]


def test_a_reconciliation_that_failed_stays_as_long_as_any_run(purges: Purges) -> None:
    purges.add("reconcile", dg.DagsterRunStatus.FAILURE)
    purges.later(13 * DAY)
    assert len(purges.runs) == 1
    purges.later(15 * DAY)
    assert purges.runs == []


def test_a_silent_run_the_ledger_names_stays(purges: Purges, database: Engine) -> None:
    lab, plan = Lab(database), trade_plan()
    store_plan(database, plan)
    written, empty = launch(lab, execute_plans, run_id=new_run_id()).run_id, new_run_id()
    for run_id in (written, empty):
        purges.add("reconcile", dg.DagsterRunStatus.FAILURE, run_id)
    purges.later(15 * DAY)
    assert purges.runs == [written]


def test_a_second_purge_does_nothing(purges: Purges) -> None:
    purges.run()
    purges.materialize(total)
    purges.later(15 * DAY)
    assert purges.later(15 * DAY) == PurgeResult({}, needed=1, complete=True)


def test_a_backlog_goes_in_shares_the_oldest_first(purges: Purges) -> None:
    runs = [purges.run() for _ in range(3)]
    assert purges.later(15 * DAY, most=2) == PurgeResult({OTHER: 2}, needed=0, complete=False)
    assert purges.runs == runs[2:]
    assert purges.later(15 * DAY, most=2).complete


def test_a_killed_purge_is_finished_by_the_next(purges: Purges) -> None:
    run_id = purges.run()
    purges.instance.compute_log_manager.delete_logs(prefix=[run_id])
    purges.instance.event_log_storage.delete_events(run_id)
    purges.later(15 * DAY)
    assert purges.runs == []


def test_the_job_says_what_it_removed_and_leaves_itself_alone(purges: Purges, database_url: str) -> None:
    stores = Stores(database_url=database_url)
    result = purge.execute_in_process(instance=purges.instance, resources={"stores": stores})
    (output,) = [event for event in result.events_for_node("purge_history") if event.is_successful_output]
    said = {name: value.value for name, value in output.step_output_data.metadata.items()}
    assert said == {"removed": {}, "needed": 0, "complete": True}
    assert purges.runs == [result.run_id]


@pytest.mark.parametrize("kind", [InstigatorType.SCHEDULE, InstigatorType.SENSOR])
def test_ticks_of_every_kind_have_an_end(stored_instance: dg.DagsterInstance, kind: InstigatorType) -> None:
    days = stored_instance.get_tick_retention_settings(kind)
    assert all(1 <= kept <= 30 for kept in days.values()), days


@pytest.mark.parametrize(
    "name", ["TRADING_KEEP_RUNS_DAYS", "TRADING_KEEP_ORDER_RUNS_DAYS", "TRADING_KEEP_QUIET_RUNS_HOURS"]
)
def test_nothing_is_kept_for_less_than_one_unit(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} = 0: .*greater than or equal to 1"):
        GivenSettings.model_validate({name: 0})


def test_alerts_go_after_their_time_and_never_within_a_month(purges: Purges, database_url: str) -> None:
    with create_engine(database_url).begin() as connection:
        for days in (401, 399, 29):
            told_at = datetime.now(UTC) - days * DAY
            row = {"severity": "info", "subject": f"{days} days ago", "body": "", "told_at": told_at}
            connection.execute(insert(notifications), row)
    stores = Stores(database_url=database_url)
    assert purge.execute_in_process(instance=purges.instance, resources={"stores": stores}).success
    with create_engine(database_url).connect() as connection:
        left = connection.execute(select(notifications.c.subject).order_by(notifications.c.told_at)).scalars().all()
        assert left == ["399 days ago", "29 days ago"]
        with pytest.raises(DBAPIError, match="rows go after 30 days at the earliest"):
            connection.execute(delete(notifications))
