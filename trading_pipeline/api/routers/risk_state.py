"""How accounts stand against their circuit breaker."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Money
from trading_pipeline.domain.model.access import Permission

router = Router(prefix="/execution", tags=["execution"])
Day = Annotated[date, Query(le=date(9999, 12, 30), description="UTC", examples=["2025-11-03"])]


class AccountRisk(BaseModel):
    """One account and currency on a UTC day; amounts are equity in the currency."""

    model_config = ConfigDict(from_attributes=True)

    account_id: str
    currency: str
    starting: Money = Field(description="at the first reading of the day")
    current: Money = Field(description="at the last one")
    lowest: Money
    highest: Money
    drawdown: Money = Field(description="from the first to the lowest reading, a fraction of the first")
    soft_halt: bool = Field(description="whether the soft circuit breaker opened on the day")
    hard_halt: bool


class RiskState(BaseModel):
    """Every account that was read on the day, the deepest fall first; and what is halted now."""

    day: date
    items: list[AccountRisk]
    halted: list[str] = Field(description="scopes in which nothing new is entered now")


@router.get("/risk-state", openapi_extra=needs(Permission.READ))
def risk_state(context: Context, day: Day) -> RiskState:
    """How a day went for each account, against its circuit breaker; nothing for a day without a reading."""
    found = context.looks.risk(datetime.combine(day, time(), UTC))
    halted = sorted({halt.scope for halt in context.looks.halts()})
    return RiskState(day=day, items=[AccountRisk.model_validate(one) for one in found], halted=halted)
