"""Signing in and out."""

from typing import Annotated

from fastapi import Request, Response
from pydantic import AliasChoices, BaseModel, Field

from trading_pipeline.api.asker import Asker
from trading_pipeline.api.binding import refuse_remote
from trading_pipeline.api.context import ApiContext, Context
from trading_pipeline.api.doors import PUBLIC, SESSION_COOKIE, Who, address_of, needs
from trading_pipeline.api.requests import request_id_of
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Body, Words
from trading_pipeline.domain.model.access import REFRESH_LIFE, Permission, Role
from trading_pipeline.domain.model.errors import NotSignedIn
from trading_pipeline.services.access.refresh_session import refresh_session, sign_out
from trading_pipeline.services.access.second_factor import (
    Proof,
    confirm_second_factor,
    drop_second_factor,
    offer_second_factor,
)
from trading_pipeline.services.access.sign_in import SignInAttempt, sign_in
from trading_pipeline.services.access.sign_in_link import sign_in_by_link
from trading_pipeline.services.access.tokens import TokenPair

router = Router(prefix="/auth", tags=["access"])
_REFRESH_COOKIE = "refresh"
_REFRESH_PATH = "/api/v1/auth/refresh"
Secret = Annotated[str, Field(max_length=1000)]
Code = Annotated[str, Field(max_length=20)]


class Login(Body):
    """Who signs in."""

    name: Words = Field(validation_alias=AliasChoices("name", "email"), examples=["ann"])
    password: Secret
    totp_code: Code = ""
    cookies: bool = Field(default=False, description="for a browser: the tokens become HttpOnly cookies instead")


class LinkedLogin(Body):
    """What stands behind the `#` of a one-time link."""

    link: Secret


class Refresh(Body):
    """The refresh token; empty where it is a cookie."""

    refresh_token: Secret = ""


class Proven(Body):
    """That it is the person who is signed in."""

    password: Secret
    totp_code: Code = Field(default="", description="of the second factor that is set up; empty where none is")


class FirstCode(Body):
    """What the authenticator app shows of the second factor that was begun."""

    totp_code: Code


class Enrolment(BaseModel):
    """For an authenticator app; told once."""

    totp_uri: str


class Tokens(BaseModel):
    """A session's tokens; empty where they are cookies."""

    access_token: str
    refresh_token: str
    token_type: str = Field(default="bearer")
    expires_in: int = Field(description="seconds that the access token is good for")
    csrf_token: str = Field(description="repeated in X-CSRF-Token by every write with cookies")


class Myself(BaseModel):
    """Who asks, and what they may."""

    name: str
    role: Role
    permissions: list[Permission]


class Ticket(BaseModel):
    """Good once, for thirty seconds, as `?ticket=` of /stream and /api/v1/live."""

    ticket: str


@router.post("/login", openapi_extra=PUBLIC)
def login(request: Request, response: Response, context: Context, body: Login) -> Tokens:
    """Open a session for a name, a password and, where one is set up, a one-time code."""
    request_id = request_id_of(request.scope)
    attempt = SignInAttempt(body.name, body.password, body.totp_code, address_of(request), request_id)
    pair = sign_in(access=context.access, attempt=attempt, now=context.now())
    return _told(request, response, pair, by_cookie=body.cookies)


@router.post("/link", openapi_extra=PUBLIC)
def login_by_link(request: Request, response: Response, context: Context, body: LinkedLogin) -> Tokens:
    """Open a browser's session for a one-time link; on the machine itself alone, and while nothing real is traded."""
    refuse_remote(context.settings, address_of(request))
    pair = sign_in_by_link(
        access=context.access,
        links=context.links,
        link=body.link,
        address=address_of(request),
        request_id=request_id_of(request.scope),
        now=context.now(),
    )
    return _told(request, response, pair, by_cookie=True)


@router.post("/refresh", openapi_extra=PUBLIC)
def refresh(request: Request, response: Response, context: Context, body: Refresh) -> Tokens:
    """Take a refresh token, which is good once, for a new pair."""
    cookie = request.cookies.get(_REFRESH_COOKIE, "")
    if not (token := body.refresh_token or cookie):
        raise NotSignedIn("no refresh token; sign in")
    pair = refresh_session(
        access=context.access, token=token, request_id=request_id_of(request.scope), now=context.now()
    )
    return _told(request, response, pair, by_cookie=not body.refresh_token)


@router.post("/logout", status_code=204, openapi_extra=needs(Permission.READ))
def logout(response: Response, context: Context, who: Who) -> None:
    """End the session: its tokens are refused from the next request on."""
    sign_out(access=context.access, principal=who.principal, request_id=who.request_id, now=context.now())
    response.delete_cookie(SESSION_COOKIE)
    response.delete_cookie(_REFRESH_COOKIE, path=_REFRESH_PATH)


@router.post("/second-factor", openapi_extra=needs(Permission.READ))
def begin_second_factor(context: Context, who: Who, body: Proven) -> Enrolment:
    """Offer a second factor, or another one; it is in use once its first code is confirmed, within ten minutes."""
    return Enrolment(totp_uri=offer_second_factor(access=context.access, proof=_proof(context, who, body)))


@router.put("/second-factor", status_code=204, openapi_extra=needs(Permission.READ))
def confirm(context: Context, who: Who, body: FirstCode) -> None:
    """Take it into use: from the next sign-in on its codes are asked for."""
    confirm_second_factor(
        access=context.access,
        principal=who.principal,
        code=body.totp_code,
        request_id=who.request_id,
        now=context.now(),
    )


@router.post("/second-factor/drop", status_code=204, openapi_extra=needs(Permission.READ))
def drop(context: Context, who: Who, body: Proven) -> None:
    """Sign in by password alone from now on; refused where the role needs a second factor."""
    drop_second_factor(access=context.access, proof=_proof(context, who, body))


@router.get("/me", openapi_extra=needs(Permission.READ))
def me(who: Who) -> Myself:
    """Say who asks."""
    principal = who.principal
    return Myself(name=principal.name, role=principal.role, permissions=sorted(principal.permissions))


@router.post("/ticket", openapi_extra=needs(Permission.READ))
def ticket(request: Request, context: Context) -> Ticket:
    """A one-time pass for connections that can carry no header; it lasts as long as what it stands for."""
    return Ticket(ticket=context.tickets.issue(request.state.credential))


def _proof(context: ApiContext, who: Asker, body: Proven) -> Proof:
    return Proof(who.principal, body.password, body.totp_code, who.request_id, context.now())


def _told(request: Request, response: Response, pair: TokenPair, *, by_cookie: bool) -> Tokens:
    if not by_cookie:
        return Tokens(
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            expires_in=pair.expires_in_s,
            csrf_token=pair.csrf,
        )
    secure = request.url.scheme == "https"
    life, week = pair.expires_in_s, int(REFRESH_LIFE.total_seconds())
    response.set_cookie(SESSION_COOKIE, pair.access_token, life, httponly=True, secure=secure, samesite="strict")
    response.set_cookie(
        _REFRESH_COOKIE, pair.refresh_token, week, path=_REFRESH_PATH, httponly=True, secure=secure, samesite="strict"
    )
    return Tokens(access_token="", refresh_token="", expires_in=life, csrf_token=pair.csrf)
