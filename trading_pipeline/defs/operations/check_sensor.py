"""Every asset check that fails tells the operator, whichever run asked it: a wave, a backfill, a person.

What was told is the sensor's cursor, so it outlives restarts. It is noted when the tick ends: a daemon that dies in
between says it once more, which is better than not at all.
"""

import json
from collections.abc import Iterable, Iterator

import dagster as dg
from dagster._check import not_none
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionRecord,
)

from trading_pipeline.resources.alerts import Alerts
from trading_pipeline.resources.beside import SENSORS
from trading_pipeline.services.operations.tell_check_verdicts import CheckVerdict, Problem, tell_check_verdicts
from trading_pipeline.settings import Settings

PROBLEMS = "problems"
"""Metadata of a failed evaluation: by subject the ids of what is to blame, the bars that fail, the first reasons."""


@dg.sensor(
    minimum_interval_seconds=20,
    default_status=SENSORS,
    description="Tells the operator of every check that fails, once per problem, and once when it passes again.",
)
def failed_check_sensor(context: dg.SensorEvaluationContext, alerts: Alerts) -> dg.SensorResult:
    """Compare the newest verdict of every check with what was told."""
    checks = not_none(context.repository_def).asset_graph.asset_check_keys
    verdicts = list(_verdicts(context.instance, checks))
    before, ui = json.loads(context.cursor or "{}"), Settings().dagster_url.rstrip("/")
    told = tell_check_verdicts(notifier=alerts.notifier(), verdicts=verdicts, told=before, ui=ui)
    failing = ", ".join(sorted(told)) or "none"
    return dg.SensorResult(skip_reason=f"failing checks: {failing}", cursor=json.dumps(told, sort_keys=True))


def _verdicts(instance: dg.DagsterInstance, checks: Iterable[dg.AssetCheckKey]) -> Iterator[CheckVerdict]:
    """The last verdict of each check that was ever asked, past runs that have not come to theirs."""
    storage = instance.event_log_storage
    for key, newest in storage.get_latest_asset_check_execution_by_key(sorted(checks)).items():
        # The newest may be planned or under way, with nothing to say yet: then the last that was decided counts.
        completed = [newest]
        if newest.status not in COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES:
            done = COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
            completed = list(storage.get_asset_check_execution_history(key, limit=1, status=done))
        yield from (_verdict(record) for record in completed)


def _verdict(record: AssetCheckExecutionRecord) -> CheckVerdict:
    evaluation = not_none(record.evaluation)
    problems = {} if evaluation.passed else _problems(evaluation)
    return CheckVerdict(record.key.asset_key.to_user_string(), record.key.name, record.run_id, problems)


def _problems(evaluation: dg.AssetCheckEvaluation) -> dict[str, Problem]:
    """By subject as the check tells them; a check that tells none is one problem as a whole."""
    told = evaluation.metadata.get(PROBLEMS)
    if not isinstance(told, dg.JsonMetadataValue):
        return {"": Problem(("failed",), 0, (evaluation.description or "it gave no reason",))}
    by_subject: dict[str, dict[str, object]] = told.value  # type: ignore[assignment]
    return {name: Problem(tuple(one["ids"]), int(one["bars"]), tuple(one["first"])) for name, one in by_subject.items()}  # type: ignore[arg-type, call-overload]
