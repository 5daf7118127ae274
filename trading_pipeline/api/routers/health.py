"""Whether the system is well: for people, load balancers and containers."""

from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel, Field

from trading_pipeline.api.doors import PUBLIC
from trading_pipeline.api.health import NEEDED, STATUS, Probes, overall
from trading_pipeline.api.routing import Router
from trading_pipeline.domain.model.health import ComponentHealth, HealthState

router = Router(tags=["health"])
_AWAY = 503


class Component(BaseModel):
    """One part."""

    state: HealthState
    detail: str
    age_s: float | None = Field(description="seconds since its last sign of life")


class Health(BaseModel):
    """Every part."""

    status: str = Field(description="ok, degraded, or down", examples=["ok"])
    components: dict[str, Component]
    ts: datetime


class Ready(BaseModel):
    """Whether requests are answered."""

    status: str
    checks: dict[str, HealthState]
    ts: datetime


class Alive(BaseModel):
    """The process runs."""

    status: str = "alive"
    ts: datetime


_DOCUMENTED: dict[int | str, dict[str, Any]] = {_AWAY: {"model": Health, "description": "database or Redis is down"}}
_DOCUMENTED_READY: dict[int | str, dict[str, Any]] = {
    _AWAY: {"model": Ready, "description": "database or Redis is down"}
}


@router.get("/health", openapi_extra=PUBLIC, responses=_DOCUMENTED)
async def health(request: Request, response: Response) -> Health:
    """Each part's state with its age."""
    parts = await _look(request)
    state = overall(parts)
    response.status_code = _AWAY if state is HealthState.DOWN else 200
    told = {one.name: Component(state=one.state, detail=one.detail, age_s=one.age_s) for one in parts}
    return Health(status=STATUS[state], components=told, ts=datetime.now(UTC))


@router.get("/health/ready", openapi_extra=PUBLIC, responses=_DOCUMENTED_READY)
@router.get("/readyz", openapi_extra=PUBLIC, responses=_DOCUMENTED_READY)
@router.get("/ready", openapi_extra=PUBLIC, responses=_DOCUMENTED_READY)
async def ready(request: Request, response: Response) -> Ready:
    """Whether requests are answered: database and Redis."""
    checks = {one.name: one.state for one in await _look(request) if one.name in NEEDED}
    well = all(state is HealthState.UP for state in checks.values())
    response.status_code = 200 if well else _AWAY
    return Ready(status="ready" if well else "not ready", checks=checks, ts=datetime.now(UTC))


@router.get("/health/live", openapi_extra=PUBLIC)
@router.get("/livez", openapi_extra=PUBLIC)
@router.get("/healthz", openapi_extra=PUBLIC)
async def live() -> Alive:
    """The process answers; nothing else is asked."""
    return Alive(ts=datetime.now(UTC))


async def _look(request: Request) -> list[ComponentHealth]:
    probes: Probes = request.app.state.probes
    return await probes.latest()
