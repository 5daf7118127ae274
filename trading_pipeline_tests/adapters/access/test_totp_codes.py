"""Codes of secrets that nobody can read who keeps them."""

import stat
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from cryptography.fernet import Fernet

from trading_pipeline.adapters.access.totp_codes import TotpCodes
from trading_pipeline.adapters.access.totp_keys import totp_keys
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.testkit.access_lab import NOW, shown_by

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def test_a_secret_is_sealed_and_its_codes_are_those_of_the_app() -> None:
    codes = TotpCodes([OLD])
    secret = codes.new_secret()
    uri = codes.enrolment_uri(secret, "ann")
    app = pyotp.parse_uri(uri)
    assert (app.secret in uri, app.secret in secret) == (True, False)
    step = int(NOW.timestamp()) // 30
    for late, found in ((0, step), (30, step + 1), (-30, step - 1), (90, None)):
        assert codes.step_of(secret, shown_by(uri, NOW + timedelta(seconds=late)), NOW) == found
    assert codes.step_of(secret, "१२३४५६", NOW) is None


def test_another_key_opens_nothing_and_says_what_to_do() -> None:
    secret = TotpCodes([OLD]).new_secret()
    with pytest.raises(ConfigurationError, match="add the key it was sealed with after a comma"):
        TotpCodes([NEW]).step_of(secret, "123456", NOW)
    with pytest.raises(ConfigurationError, match="openssl rand -base64 32"):
        TotpCodes(["change-me"])


def test_the_newest_key_seals_what_was_clear_or_sealed_by_an_older_one_and_leaves_its_own() -> None:
    clear = pyotp.random_base32()
    old = TotpCodes([OLD]).resealed(clear)
    both = TotpCodes([NEW, OLD])
    new = both.resealed(old)
    assert (both.resealed(new), new == old, clear in old) == (new, False, False)
    assert pyotp.parse_uri(TotpCodes([NEW]).enrolment_uri(new, "ann")).secret == clear


def test_only_where_the_account_lives_here_a_key_is_made_and_it_stays(tmp_path: Path) -> None:
    simulated = GivenSettings(state_dir=tmp_path)
    (made,) = totp_keys(simulated)
    assert totp_keys(GivenSettings.model_validate({"mode": "paper", "state_dir": tmp_path})) == [made]
    assert TotpCodes([made]).new_secret()
    assert stat.S_IMODE((tmp_path / "totp.key").stat().st_mode) == 0o600
    for mode in ("testnet", "live"):
        with pytest.raises(ConfigurationError, match=f"TRADING_TOTP_KEY is unset, and in mode {mode}"):
            totp_keys(GivenSettings.model_validate({"mode": mode, "state_dir": tmp_path}))
    given = {"mode": "live", "totp_key": f"{NEW}, {OLD}"}
    assert totp_keys(GivenSettings.model_validate(given)) == [NEW, OLD]
