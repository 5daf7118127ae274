"""Runs of Dagster, without its UI."""

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Key
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.errors import UnknownName
from trading_pipeline.domain.model.launched import RunShown, RunsQuestion, RunState
from trading_pipeline.domain.model.records import MOST_RECORDS

router = Router(prefix="/admin/runs", tags=["administration"])
READ = needs(Permission.READ)


class Run(BaseModel):
    """A run; times are ISO 8601 in UTC, `run_page` is its page in the Dagster UI."""

    model_config = ConfigDict(from_attributes=True)

    run_id: str
    job: str
    state: RunState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    tags: dict[str, str]
    run_page: str = Field(validation_alias="page")


class Runs(BaseModel):
    """Some of them, newest first."""

    items: list[Run]
    next_cursor: str | None = Field(description="hand it in as `cursor` for the next page; null on the last one")


@router.get("", openapi_extra=READ)
def runs(
    context: Context,
    job: Annotated[Key | None, Query(examples=["bar_close"])] = None,
    state: RunState | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_RECORDS)] = 100,
    cursor: Key | None = None,
) -> Runs:
    """What Dagster ran and runs, of one job or of all, as long as it remembers them."""
    question = RunsQuestion(job=job or "", state=state, after=cursor or "", limit=limit)
    found = context.jobs.runs(question)
    # A page that is not full is the last one.
    following = found[-1].run_id if len(found) == limit else None
    return Runs(items=[_shown(one) for one in found], next_cursor=following)


@router.get("/{run_id}", openapi_extra=READ)
def run(context: Context, run_id: Annotated[Key, Path()]) -> Run:
    """How one run stands."""
    found = context.jobs.runs(RunsQuestion(run_id=run_id, limit=1))
    if not found:
        raise UnknownName(f"Dagster knows no run {run_id!r}, or none any more")
    return _shown(found[0])


def _shown(one: RunShown) -> Run:
    return Run.model_validate(one)
