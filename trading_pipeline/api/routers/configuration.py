"""What the system runs with, and its limits changed while it runs."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from trading_pipeline.api.configuration import LimitShown
from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Key, Words
from trading_pipeline.domain.model.access import Permission

router = Router(prefix="/admin", tags=["administration"])


class Limit(BaseModel):
    """A limit in force."""

    key: str = Field(examples=["risk.max_open_positions"])
    value: Any
    in_file: Any = Field(description="what decides where nobody changed it")
    fixed: str = Field(description="why it is changed in the file alone; empty where it can be changed here")
    changed_by: str | None
    changed_at: datetime | None
    reason: str | None

    @classmethod
    def of(cls, shown: LimitShown) -> "Limit":
        """As it is told."""
        made, change = shown.changed, shown.changed and shown.changed.change
        return cls(
            key=f"risk.{shown.key}",
            value=shown.value,
            in_file=shown.in_file,
            fixed=shown.fixed,
            changed_by=change and change.actor,
            changed_at=made and made.changed_at,
            reason=change and change.reason,
        )


class InForce(BaseModel):
    """Settings by variable, such as hold no secret; and every limit."""

    settings: dict[str, str]
    limits: list[Limit]


class Changing(Body):
    """What is changed, and why."""

    changes: Annotated[
        dict[Key, Any],
        Field(
            min_length=1,
            max_length=100,
            description="value by key as in risk.yaml, of a section with its name; null lets the file decide again",
            examples=[{"risk.max_open_positions": 2, "risk.circuit.soft": "0.02"}],
        ),
    ]
    reason: Annotated[Words, Field(min_length=1, examples=["calmer over the weekend"])]


class Change(BaseModel):
    """What was changed; `stands` is false where the file decides again."""

    key: str
    before: Any
    after: Any
    stands: bool


class Changed(BaseModel):
    """All of it; what was in force already is left out."""

    items: list[Change]
    applies: str = "from the next run on, at the latest with the next wave"


@router.get("/configuration", openapi_extra=needs(Permission.READ))
def configuration(context: Context) -> InForce:
    """What the system runs with: no secret is in it."""
    limits = [Limit.of(one) for one in context.configuration.limits()]
    return InForce(settings=context.looks.public_settings(), limits=limits)


@router.patch("/configuration", openapi_extra=needs(Permission.ADMINISTER))
def change(context: Context, who: Who, body: Changing) -> Changed:
    """Change limits that are asked anew at each entry; judged together, all of them or none."""
    made = context.configuration.change(who, body.changes, body.reason)
    items = [Change(key=f"risk.{one.key}", before=one.before, after=one.after, stands=one.stands) for one in made]
    return Changed(items=items)
