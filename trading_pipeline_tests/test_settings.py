"""Settings refuse what they cannot honour, by name, and repeat no secret."""

from pathlib import Path

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.settings import GivenSettings, Settings


@pytest.fixture(autouse=True)
def _nobodys_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Away from the ``.env`` of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("TRADING_MOD", "did you mean TRADING_MODE"),
        ("BYBIT_APIKEY", "did you mean BYBIT_API_KEY"),
        ("LIVE_TRADING_ACKNOWLEDGE", "did you mean LIVE_TRADING_ACKNOWLEDGED"),
        ("TRADING_SOMETHING_ELSE_ALTOGETHER", ".env.example lists"),
    ],
)
def test_a_variable_with_our_prefix_that_nobody_reads_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigurationError, match=f"{name} is no variable.*{hint}"):
        Settings()


@pytest.mark.parametrize(("name", "meant"), [("DATABASE_ULR", "DATABASE_URL"), ("REDIS_UR", "REDIS_URL")])
def test_a_misspelt_variable_is_refused_with_the_nearest(name: str, meant: str) -> None:
    Path(".env").write_text(f"{name}=x\n")
    with pytest.raises(ConfigurationError, match=f"{name}.*did you mean {meant}"):
        Settings()


def test_variables_of_other_programs_are_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "x")
    Path(".env").write_text("AWS_PROFILE=x\nTRADING_DB_HOST=db\nPOSTGRES_PASSWORD=p\n")
    assert Settings().database_url == ""


@pytest.mark.parametrize(
    ("name", "value"), [("BYBIT_API_SECRET", "s3cret"), ("BYBIT_API_KEY", "k3y"), ("DATABASE_URL", "s3cret")]
)
def test_no_secret_is_repeated(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value if name != "DATABASE_URL" else f"postgresql+psycopg://me:{value}@h/d")
    assert value not in repr(Settings())
    with pytest.raises(ConfigurationError) as error:
        GivenSettings.model_validate({"TRADING_MODE": "x", name: [value]})
    assert value not in str(error.value)
