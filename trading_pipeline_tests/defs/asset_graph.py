"""What the definitions say, as text that a reviewer can read.

``.venv/bin/python -m trading_pipeline_tests.defs.asset_graph`` renews the stored snapshot.
"""

import json
from pathlib import Path

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.freshness import CronFreshnessPolicy, TimeWindowFreshnessPolicy

SNAPSHOT = Path(__file__).parent / "__snapshots__" / "asset_graph.json"


def described(definitions: dg.Definitions) -> str:
    """Assets, checks, jobs, sensors and schedules with everything that decides what runs when."""
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    jobs = {
        job.name: {
            "queue": job.run_tags.get("dagster-celery/queue", "default"),
            "executor": job.executor_def.name,
            "steps": sorted(node.name for node in job.nodes),
        }
        for job in repository.get_all_jobs()
        if not job.name.startswith("__")
    }
    sensors = {
        sensor.name: {
            "jobs": sorted(target.job_name for target in sensor.targets),
            "status": sensor.default_status.value,
        }
        for sensor in repository.sensor_defs
    }
    schedules = {
        schedule.name: {
            "cron": schedule.cron_schedule,
            "job": schedule.job_name,
            "status": schedule.default_status.value,
        }
        for schedule in repository.schedule_defs
    }
    content = {
        "assets": {key.to_user_string(): _asset(graph, key) for key in sorted(graph.get_all_asset_keys())},
        "jobs": jobs,
        "schedules": schedules,
        "sensors": sensors,
    }
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _asset(graph: AssetGraph, key: dg.AssetKey) -> dict[str, object]:
    node = graph.get(key)
    return {
        "group": node.group_name,
        "parents": sorted(parent.to_user_string() for parent in node.parent_keys),
        "partitions": _partitions(node.partitions_def),
        "single_run_backfill": node.backfill_policy == dg.BackfillPolicy.single_run(),
        "checks": sorted(check.name for check in node.check_keys),
        "kinds": sorted(node.kinds),
        "freshness": _freshness(node.freshness_policy),
    }


def _freshness(policy: dg.FreshnessPolicy | None) -> str:
    """What is expected, in a few words."""
    if isinstance(policy, TimeWindowFreshnessPolicy):
        warn, fail = policy.warn_window, policy.fail_window.to_timedelta()
        return f"warns after {warn.to_timedelta()}, fails after {fail}" if warn else f"fails after {fail}"
    if isinstance(policy, CronFreshnessPolicy):
        return f"within {policy.lower_bound_delta} before {policy.deadline_cron}"
    return ""


def _partitions(grid: dg.PartitionsDefinition | None) -> list[str]:
    if not isinstance(grid, dg.MultiPartitionsDefinition):
        return []
    return [f"{one.name}: {' '.join(str(one.partitions_def).split())}" for one in grid.partitions_defs]


if __name__ == "__main__":
    from trading_pipeline.definitions import defs

    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(described(defs))
