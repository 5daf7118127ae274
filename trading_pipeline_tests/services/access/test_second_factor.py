"""A person sets up, moves and drops their own second factor."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from trading_pipeline.adapters.access.totp_codes import TotpCodes
from trading_pipeline.domain.model.access import Principal, Role
from trading_pipeline.domain.model.errors import ConfigurationError, DataError, NotAllowed, NotSignedIn, TooManyRequests
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.services.access.authenticate import authenticate
from trading_pipeline.services.access.manage_users import reset_user
from trading_pipeline.services.access.seal_secrets import Sealing, seal_secrets
from trading_pipeline.services.access.second_factor import (
    Proof,
    confirm_second_factor,
    drop_second_factor,
    offer_second_factor,
)
from trading_pipeline.services.access.sign_in import SignInAttempt, sign_in
from trading_pipeline_tests.testkit.access_lab import ACTOR, KEY, NOW, PASSWORD, AccessLab, shown_by

LATER = NOW + timedelta(minutes=2)


def principal_of(lab: AccessLab, code: str = "", now: datetime = NOW) -> Principal:
    pair = lab.sign_in(code=code, now=now)
    return authenticate(access=lab.context, credential=pair.access_token, now=now)


def proof(principal: Principal, password: str = PASSWORD, code: str = "", now: datetime = NOW) -> Proof:
    return Proof(principal, password, code, "r-1", now)


def confirm(lab: AccessLab, principal: Principal, code: str, now: datetime = NOW) -> None:
    confirm_second_factor(access=lab.context, principal=principal, code=code, request_id="r-2", now=now)


def test_a_factor_is_in_use_once_its_first_code_came_and_never_in_the_clear(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    ann = principal_of(lab)
    app = offer_second_factor(access=lab.context, proof=proof(ann))
    lab.sign_in()
    with pytest.raises(NotAllowed, match="the code is wrong"):
        confirm(lab, ann, "000000")
    confirm(lab, ann, shown_by(app, NOW))
    with pytest.raises(NotSignedIn):
        lab.sign_in()
    with pytest.raises(NotSignedIn):
        lab.sign_in(code=shown_by(app, NOW))  # it confirmed, and is used up by that
    lab.sign_in(code=shown_by(app, LATER), now=LATER)
    with database.connect() as connection:
        kept = connection.execute(text("SELECT totp_secret, offered_secret, offered_at FROM trading.users")).one()
    assert (kept.totp_secret[:5], tuple(kept[1:])) == ("gAAAA", ("", None))
    said = [(action, outcome) for _, action, outcome, _ in lab.audited() if action.startswith("second_factor")]
    assert said == [
        ("second_factor.offer", "done"),
        ("second_factor.confirm", "refused"),
        ("second_factor.confirm", "done"),
    ]


def test_what_was_begun_too_long_ago_or_not_at_all_is_not_confirmed(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    ann = principal_of(lab)
    with pytest.raises(DataError, match="begin again"):
        confirm(lab, ann, "123456")
    app, late = offer_second_factor(access=lab.context, proof=proof(ann)), NOW + timedelta(minutes=10)
    with pytest.raises(DataError, match="begin again"):
        confirm(lab, ann, shown_by(app, late), late)
    reset_user(access=lab.context, name="ann", actor=ACTOR)
    with pytest.raises(DataError):
        confirm(lab, ann, shown_by(app, NOW))


def test_a_factor_moves_and_is_dropped_by_password_and_its_own_code_alone(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    ann = principal_of(lab)
    old = offer_second_factor(access=lab.context, proof=proof(ann))
    confirm(lab, ann, shown_by(old, NOW))
    for wrong in (proof(ann, now=LATER), proof(ann, "guessed", shown_by(old, LATER), LATER)):
        for change in (offer_second_factor, drop_second_factor):
            with pytest.raises(NotAllowed, match="password or code is wrong"):
                change(access=lab.context, proof=wrong)
    new = offer_second_factor(access=lab.context, proof=proof(ann, code=shown_by(old, LATER), now=LATER))
    with pytest.raises(NotAllowed):
        drop_second_factor(access=lab.context, proof=proof(ann, code=shown_by(old, LATER), now=LATER))  # used up
    confirm(lab, ann, shown_by(new, LATER), LATER)
    last = LATER + timedelta(minutes=1)
    with pytest.raises(NotAllowed):
        drop_second_factor(access=lab.context, proof=proof(ann, code=shown_by(old, last), now=last))
    drop_second_factor(access=lab.context, proof=proof(ann, code=shown_by(new, last), now=last))
    lab.sign_in()


@pytest.mark.parametrize(("role", "may"), [(Role.VIEWER, True), (Role.TRADER, False), (Role.ADMIN, False)])
def test_with_real_money_nobody_who_may_trade_does_without(database: Engine, role: Role, may: bool) -> None:
    lab = AccessLab(database, TradingMode.LIVE)
    made = lab.add(role=role)
    ann = principal_of(lab, shown_by(made.enrolment, NOW) if made.enrolment else "")
    if may:
        drop_second_factor(access=lab.context, proof=proof(ann))
        return
    with pytest.raises(NotAllowed, match="has a second factor; begin another"):
        drop_second_factor(access=lab.context, proof=proof(ann, code=shown_by(made.enrolment, LATER), now=LATER))
    offer_second_factor(access=lab.context, proof=proof(ann, code=shown_by(made.enrolment, LATER), now=LATER))


def test_a_key_changes_no_factor_and_whoever_guesses_in_a_session_is_stopped(database: Engine) -> None:
    lab = AccessLab(database)
    lab.add()
    ann = principal_of(lab)
    key = replace(ann, session_id="")
    with pytest.raises(NotAllowed, match="sign in instead of bringing a key"):
        offer_second_factor(access=lab.context, proof=proof(key))
    with pytest.raises(NotAllowed):
        confirm(lab, key, "123456")
    for _ in range(20):
        with pytest.raises(NotAllowed):
            offer_second_factor(access=lab.context, proof=proof(ann, "guessed"))
    with pytest.raises(TooManyRequests):
        offer_second_factor(access=lab.context, proof=proof(ann))


def test_secrets_that_stood_in_the_clear_are_sealed_once_and_their_codes_go_on(database: Engine) -> None:
    lab = AccessLab(database, TradingMode.LIVE)
    made = lab.add()
    lab.add("vic", Role.VIEWER)
    clear = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    with database.begin() as connection:
        connection.execute(text("UPDATE trading.users SET totp_secret = :it WHERE name = 'ann'"), {"it": clear})
    codes = TotpCodes([KEY])
    assert [seal_secrets(users=lab.context.users, codes=codes).sealed for _ in range(2)] == [1, 0]
    lab.sign_in(code=shown_by(f"otpauth://totp/ann?secret={clear}", NOW))
    assert not lab.context.users.replace_secret(made.user.user_id, clear, "other")


def test_whose_secret_opens_with_no_key_is_named_and_signs_in_once_they_are_reset(database: Engine) -> None:
    lab = AccessLab(database, TradingMode.LIVE)
    lab.add()
    other = replace(lab.context, codes=TotpCodes([Fernet.generate_key().decode()]))
    assert seal_secrets(users=other.users, codes=other.codes) == Sealing(0, ("ann",))
    attempt = SignInAttempt("ann", PASSWORD, "123456", "127.0.0.1", "r-1")
    with pytest.raises(ConfigurationError, match="users reset"):
        sign_in(access=other, attempt=attempt, now=NOW)
    reset = reset_user(access=other, name="ann", actor=ACTOR)
    attempt = replace(attempt, password=reset.password, code=shown_by(reset.enrolment, NOW))
    assert sign_in(access=other, attempt=attempt, now=NOW).user.name == "ann"
