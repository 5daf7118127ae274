"""Every setting that comes from the environment, with its unit and default.

``.env.example`` lists the same names; a test compares the two.
"""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, ModelWrapValidatorHandler, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from trading_pipeline.domain.model.errors import ConfigurationError


class TradingMode(StrEnum):
    """Which venue endpoint the one execution path talks to."""

    SIMULATED = "simulated"
    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


class Settings(BaseSettings):
    """Process settings. Strategy and risk parameters live in the YAML files of ``config_dir`` instead."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    mode: TradingMode = Field(TradingMode.SIMULATED, alias="TRADING_MODE")
    state_dir: Path = Field(Path("var"), alias="TRADING_STATE_DIR", description="embedded servers, logs, Dagster home")
    config_dir: Path = Field(
        Path("config"), alias="TRADING_CONFIG_DIR", description="universe, risk and strategy files"
    )
    dbt_project_dir: Path = Field(Path("dbt_project"), alias="TRADING_DBT_PROJECT_DIR", description="the marts")
    database_url: str = Field("", alias="DATABASE_URL", description="database `trading`; empty: embedded PostgreSQL")
    dagster_database_url: str = Field(
        "", alias="DAGSTER_POSTGRES_URL", description="database `dagster`; empty: embedded"
    )
    redis_url: str = Field("", alias="REDIS_URL", description="empty: embedded Redis")
    bybit_rest_url: str = Field("", alias="BYBIT_REST_URL", description="empty: the mode's own endpoint")
    bybit_public_ws_url: str = Field("", alias="BYBIT_PUBLIC_WS_URL", description="empty: the mode's own endpoint")
    bybit_private_ws_url: str = Field("", alias="BYBIT_PRIVATE_WS_URL", description="empty: the mode's own endpoint")
    bybit_api_key: str = Field("", alias="BYBIT_API_KEY")
    bybit_api_secret: SecretStr = Field(SecretStr(""), alias="BYBIT_API_SECRET")
    live_trading_acknowledged: str = Field(
        "", alias="LIVE_TRADING_ACKNOWLEDGED", description="account id; live mode only"
    )
    code_version: str = Field(
        "", alias="TRADING_CODE_VERSION", description="tag of every run; empty: the commit, or the package's version"
    )

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_line(cls, values: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Name the variables that are wrong, as every other configuration does."""
        try:
            return handler(values)
        except ValidationError as error:
            wrong = (f"{one['loc'][0]} = {one['input']!r}: {one['msg']}" for one in error.errors())
            raise ConfigurationError("; ".join(wrong)) from None
