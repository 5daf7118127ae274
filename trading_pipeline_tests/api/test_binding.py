"""Where the API may listen, and what it signs with."""

import stat
from pathlib import Path

import pytest

from trading_pipeline.api.binding import refuse_unsafe_binding, signing_secret
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.settings import GivenSettings

LONG = "r4nd0m-" * 6


def settings(tmp_path: Path, **given: object) -> GivenSettings:
    """With these, in a folder."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).touch()
    files = {name: str(tmp_path / value) if name.startswith("api_tls") else value for name, value in given.items()}
    return GivenSettings.model_validate({"state_dir": tmp_path / "state", **files})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"api_host": "localhost"},
        {"api_host": "::1"},
        {"api_host": "0.0.0.0", "api_tls_cert": "cert.pem", "api_tls_key": "key.pem", "api_secret": LONG},
        {"api_host": "10.0.0.5", "api_trusted_proxies": "10.0.0.1", "api_secret": LONG},
    ],
)
def test_loopback_is_safe_and_so_is_tls_or_a_proxy_with_a_secret_of_its_own(
    tmp_path: Path, given: dict[str, object]
) -> None:
    refuse_unsafe_binding(settings(tmp_path, **given))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"api_host": "0.0.0.0", "api_secret": LONG}, "would send passwords in the clear"),
        ({"api_host": "trading.example", "api_secret": LONG}, "would send passwords in the clear"),
        ({"api_host": "0.0.0.0", "api_trusted_proxies": "10.0.0.1"}, "needs a TRADING_API_SECRET"),
        ({"api_host": "0.0.0.0", "api_trusted_proxies": "10.0.0.1", "api_secret": "secret"}, "needs a TRADING_API_SE"),
        ({"api_tls_cert": "cert.pem"}, "belong together"),
        ({"api_tls_cert": "cert.pem", "api_tls_key": "none.pem"}, "there is no file"),
    ],
)
def test_anything_else_is_refused_with_the_way_out(tmp_path: Path, given: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        refuse_unsafe_binding(settings(tmp_path, **given))


def test_without_a_secret_one_is_made_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    made = signing_secret(settings(tmp_path))
    file = tmp_path / "state" / "api.secret"
    assert (len(made) >= 32, signing_secret(settings(tmp_path))) == (True, made)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("short")
    with pytest.raises(ConfigurationError, match="delete it"):
        signing_secret(settings(tmp_path))
