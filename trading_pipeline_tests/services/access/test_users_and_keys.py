"""Users come and go, and programs get keys."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.access import Permission, Role
from trading_pipeline.domain.model.errors import ConfigurationError, NotAllowed, NotSignedIn, UnknownName
from trading_pipeline.services.access.api_keys import IssuedKey, issue_key, revoke_key
from trading_pipeline.services.access.authenticate import authenticate, require, require_csrf
from trading_pipeline.services.access.manage_users import add_user, change_user
from trading_pipeline_tests.testkit.access_lab import ACTOR, NOW, AccessLab

READ_AND_TRADE = (Permission.READ, Permission.TRADE)


def key_of(lab: AccessLab, *scopes: Permission, days: int = 30) -> IssuedKey:
    user = lab.context.users.named("ann")
    assert user is not None
    life = timedelta(days=days)
    return issue_key(
        access=lab.context, user=user, label="bot", scopes=scopes, life=life, actor="ann", request_id="r", now=NOW
    )


def test_a_key_may_what_its_scopes_and_its_user_both_may(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    issued = key_of(lab, *READ_AND_TRADE)
    assert authenticate(access=lab.context, credential=issued.secret, now=NOW).permissions == set(READ_AND_TRADE)
    change_user(access=lab.context, name="ann", actor=ACTOR, role=Role.VIEWER)
    principal = authenticate(access=lab.context, credential=issued.secret, now=NOW)
    assert principal.permissions == {Permission.READ}
    with pytest.raises(NotAllowed, match="ann may not trade"):
        require(principal, Permission.TRADE)


def test_a_key_ends_by_time_by_hand_and_with_its_user(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    timed, revoked, orphaned = (key_of(lab, Permission.READ) for _ in range(3))
    with pytest.raises(NotSignedIn):
        authenticate(access=lab.context, credential=timed.secret, now=NOW + timedelta(days=30))
    principal = authenticate(access=lab.context, credential=orphaned.secret, now=NOW)
    revoke_key(access=lab.context, key_id=revoked.key.key_id, principal=principal, request_id="r", now=NOW)
    with pytest.raises(UnknownName):
        revoke_key(access=lab.context, key_id=revoked.key.key_id, principal=principal, request_id="r", now=NOW)
    change_user(access=lab.context, name="ann", actor=ACTOR, active=False)
    for issued in (revoked, orphaned):
        with pytest.raises(NotSignedIn, match="is over"):
            authenticate(access=lab.context, credential=issued.secret, now=NOW)


def test_what_a_key_opens_is_kept_nowhere(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    issued = key_of(lab, Permission.READ)
    secret = issued.secret.rpartition("_")[2]
    assert secret not in str(lab.context.keys.keys())
    for wrong in (issued.secret + "x", "tpk_", "tpk_a", f"tpk_{issued.key.key_id}_", "nonsense"):
        with pytest.raises(NotSignedIn):
            authenticate(access=lab.context, credential=wrong, now=NOW)


@pytest.mark.parametrize(
    ("scopes", "days"), [((), 30), ((Permission.ADMINISTER,), 30), ((Permission.READ,), 0), ((Permission.READ,), 366)]
)
def test_a_key_beyond_its_user_or_a_year_is_not_made(
    database: Engine, scopes: tuple[Permission, ...], days: int
) -> None:
    lab = AccessLab(database)
    lab.add()
    with pytest.raises(ConfigurationError):
        key_of(lab, *scopes, days=days)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "correct-horse-1"),
        ("", ""),
        ("a b", ""),
        ("bob", "short-1"),
        ("bob", "abcdefghijklm"),
        ("bob", "bob-is-my-name-1"),
    ],
)
def test_a_user_needs_a_name_and_good_password(database: Engine, name: str, password: str) -> None:
    lab = AccessLab(database)
    lab.add()
    with pytest.raises(ConfigurationError):
        add_user(access=lab.context, name=name, role=Role.VIEWER, actor=ACTOR, password=password)


def test_the_last_administrator_stays_one(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add("ann", Role.ADMIN)
    for change in ({"role": Role.TRADER}, {"active": False}):
        with pytest.raises(ConfigurationError, match="last administrator"):
            change_user(access=lab.context, name="ann", actor=ACTOR, **change)
    lab.add("bob", Role.ADMIN)
    change_user(access=lab.context, name="ann", actor=ACTOR, role=Role.TRADER)


def test_an_unknown_user_is_told_with_the_nearest(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add("annabel")
    with pytest.raises(UnknownName, match="did you mean annabel"):
        change_user(access=lab.context, name="anabel", actor=ACTOR, active=False)


def test_a_write_by_cookie_repeats_its_own_session(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    pair, other = lab.sign_in(), lab.sign_in()
    principal = authenticate(access=lab.context, credential=pair.access_token, now=NOW)
    require_csrf(principal, pair.csrf)
    for wrong in ("", other.csrf, "ü"):
        with pytest.raises(NotAllowed):
            require_csrf(principal, wrong)
