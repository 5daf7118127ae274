"""Users and keys."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from trading_pipeline.api.asker import Asker
from trading_pipeline.api.context import ApiContext, Context
from trading_pipeline.api.doors import Who, needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Key, Words
from trading_pipeline.domain.model.access import Permission, Role, User
from trading_pipeline.domain.model.audit import verify_chain
from trading_pipeline.services.access.api_keys import issue_key, revoke_key
from trading_pipeline.services.access.manage_users import (
    Actor,
    Credentials,
    add_user,
    change_user,
    find_user,
    reset_user,
)

router = Router(prefix="/admin", tags=["administration"])
ADMINISTER = needs(Permission.ADMINISTER)


class NewUser(Body):
    """Who is added."""

    name: Key = Field(examples=["ann"])
    role: Role
    second_factor: bool = Field(default=False, description="set one up also where none is needed")


class UserChange(Body):
    """What becomes of a user; what is left out stays."""

    role: Role | None = None
    active: bool | None = None


class UserState(BaseModel):
    """A user."""

    name: str
    role: Role
    active: bool
    second_factor: bool
    created_at: datetime


class OneTimeCredentials(BaseModel):
    """Told once: whoever loses them is reset."""

    user: UserState
    password: str
    totp_uri: str = Field(description="for an authenticator app; empty without a second factor")


class NewKey(Body):
    """What a key may, and how long."""

    user: Key = Field(examples=["ann"])
    label: Annotated[Words, Field(min_length=1, max_length=60)] = Field(examples=["dashboard"])
    scopes: Annotated[list[Permission], Field(min_length=1, max_length=3)]
    days: Annotated[int, Field(ge=1, le=365)] = 90


class IssuedSecret(BaseModel):
    """Told once."""

    key_id: str
    secret: str
    expires_at: datetime


class ChainState(BaseModel):
    """Whether the audit trail is as it was written."""

    records: int
    head: str
    broken: str = Field(description="what is wrong with the first record that is; empty where nothing is")


@router.post("/users", status_code=201, openapi_extra=ADMINISTER)
def add(context: Context, who: Who, body: NewUser) -> OneTimeCredentials:
    """Add a user with a random password."""
    made = add_user(
        access=context.access,
        name=body.name,
        role=body.role,
        actor=_actor(context, who),
        second_factor=body.second_factor,
    )
    return _told(made)


@router.patch("/users/{name}", openapi_extra=ADMINISTER)
def change(context: Context, who: Who, name: Annotated[Key, Path()], body: UserChange) -> UserState:
    """Give another role, let in or keep out."""
    actor = _actor(context, who)
    return _state(change_user(access=context.access, name=name, actor=actor, role=body.role, active=body.active))


@router.post("/users/{name}/reset", openapi_extra=ADMINISTER)
def reset(context: Context, who: Who, name: Annotated[Key, Path()]) -> OneTimeCredentials:
    """Give a new password and second factor; every session of the user ends."""
    return _told(reset_user(access=context.access, name=name, actor=_actor(context, who)))


@router.post("/api-keys", status_code=201, openapi_extra=ADMINISTER)
def issue(context: Context, who: Who, body: NewKey) -> IssuedSecret:
    """Make a key for a program; it may what its scopes and its user both may."""
    issued = issue_key(
        access=context.access,
        user=find_user(context.access, body.user),
        label=body.label,
        scopes=set(body.scopes),
        life=timedelta(days=body.days),
        actor=who.principal.name,
        request_id=who.request_id,
        now=context.now(),
    )
    return IssuedSecret(key_id=issued.key.key_id, secret=issued.secret, expires_at=issued.key.expires_at)


@router.delete("/api-keys/{key_id}", status_code=204, openapi_extra=ADMINISTER)
def revoke(context: Context, who: Who, key_id: Annotated[Key, Path()]) -> None:
    """Take a key out of use."""
    revoke_key(
        access=context.access, key_id=key_id, principal=who.principal, request_id=who.request_id, now=context.now()
    )


@router.get("/audit-chain", openapi_extra=ADMINISTER)
def chain(context: Context) -> ChainState:
    """Read the whole audit trail again, and say whether each record follows from those before it."""
    verdict = verify_chain(context.access.audit.records())
    return ChainState(records=verdict.records, head=verdict.head, broken=verdict.broken)


def _actor(context: ApiContext, who: Asker) -> Actor:
    return Actor(who.principal.name, who.request_id, context.now())


def _state(user: User) -> UserState:
    return UserState(
        name=user.name,
        role=user.role,
        active=user.active,
        second_factor=bool(user.totp_secret),
        created_at=user.created_at,
    )


def _told(made: Credentials) -> OneTimeCredentials:
    return OneTimeCredentials(user=_state(made.user), password=made.password, totp_uri=made.enrolment)
