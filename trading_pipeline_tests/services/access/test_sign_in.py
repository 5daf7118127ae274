"""A person proves who they are."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from trading_pipeline.domain.model.access import LOCK_AFTER, Role
from trading_pipeline.domain.model.errors import NotSignedIn, TooManyRequests
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.services.access.authenticate import authenticate
from trading_pipeline.services.access.manage_users import change_user, reset_user
from trading_pipeline.services.access.refresh_session import refresh_session, sign_out
from trading_pipeline_tests.testkit.access_lab import ACTOR, NOW, AccessLab, code_of


def test_only_name_with_its_password_opens_a_session(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    pair = lab.sign_in("Ann ")
    assert authenticate(access=lab.context, credential=pair.access_token, now=NOW).name == "ann"
    for name, password in (("ann", "wrong"), ("bob", "correct-horse-1"), ("ann", "")):
        with pytest.raises(NotSignedIn, match="name, password or code is wrong"):
            lab.sign_in(name, password)
    said = [(actor, outcome, detail) for actor, action, outcome, detail in lab.audited() if action == "sign_in"]
    assert said == [
        ("ann", "done", ""),
        ("ann", "refused", "wrong password"),
        ("bob", "refused", "unknown name"),
        ("ann", "refused", "wrong password"),
    ]


def test_five_failures_lock_a_user_for_a_while(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    for _ in range(LOCK_AFTER):
        with pytest.raises(NotSignedIn):
            lab.sign_in(password="wrong")
    with pytest.raises(TooManyRequests, match="try again in 901 s"):
        lab.sign_in()
    lab.sign_in(now=NOW + timedelta(minutes=16))


def test_an_address_that_tries_many_names_is_stopped(database: Engine) -> None:
    lab = AccessLab(database)
    for number in range(20):
        with pytest.raises(NotSignedIn):
            lab.sign_in(f"user{number}")
    with pytest.raises(TooManyRequests):
        lab.sign_in("user20")


@pytest.mark.parametrize("role", [Role.TRADER, Role.ADMIN])
def test_outside_the_simulation_each_code_is_good_once(database: Engine, role: Role) -> None:
    lab = AccessLab(database, TradingMode.TESTNET)
    credentials = lab.add(role=role)
    with pytest.raises(NotSignedIn):
        lab.sign_in()
    lab.sign_in(code=code_of(credentials))
    with pytest.raises(NotSignedIn):
        lab.sign_in(code=code_of(credentials))
    assert lab.audited()[-1][3] == "code used before"
    later = NOW + timedelta(seconds=30)
    lab.sign_in(code=code_of(credentials, later), now=later)


def test_real_money_needs_a_second_factor(database: Engine) -> None:
    AccessLab(database).add()
    live = AccessLab(database, TradingMode.LIVE)
    with pytest.raises(NotSignedIn):
        live.sign_in()
    assert "no second factor" in live.audited()[-1][3]
    fresh = reset_user(access=live.context, name="ann", actor=ACTOR)
    assert fresh.enrolment.startswith("otpauth://totp/")


def test_a_refresh_token_used_twice_ends_the_session(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    first = lab.sign_in()
    second = refresh_session(access=lab.context, token=first.refresh_token, request_id="r-2", now=NOW)
    authenticate(access=lab.context, credential=second.access_token, now=NOW)
    with pytest.raises(NotSignedIn, match="used before"):
        refresh_session(access=lab.context, token=first.refresh_token, request_id="r-3", now=NOW)
    with pytest.raises(NotSignedIn, match="session is over"):
        authenticate(access=lab.context, credential=second.access_token, now=NOW)
    with pytest.raises(NotSignedIn):
        refresh_session(access=lab.context, token=second.refresh_token, request_id="r-4", now=NOW)


def test_tokens_end_by_time_and_by_signing_out(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    pair = lab.sign_in()
    with pytest.raises(NotSignedIn, match="is over"):
        authenticate(access=lab.context, credential=pair.access_token, now=NOW + timedelta(minutes=15))
    with pytest.raises(NotSignedIn):
        refresh_session(access=lab.context, token=pair.refresh_token, request_id="r", now=NOW + timedelta(days=7))
    principal = authenticate(access=lab.context, credential=pair.access_token, now=NOW)
    sign_out(access=lab.context, principal=principal, request_id="r", now=NOW)
    with pytest.raises(NotSignedIn):
        authenticate(access=lab.context, credential=pair.access_token, now=NOW)


def test_a_changed_or_disabled_user_counts_at_once(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    token = lab.sign_in().access_token
    change_user(access=lab.context, name="ann", actor=ACTOR, role=Role.VIEWER)
    assert authenticate(access=lab.context, credential=token, now=NOW).role is Role.VIEWER
    change_user(access=lab.context, name="ann", actor=ACTOR, active=False)
    with pytest.raises(NotSignedIn):
        authenticate(access=lab.context, credential=token, now=NOW)
