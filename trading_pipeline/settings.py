"""Every setting that comes from the environment, with its unit and default.

``.env.example`` lists the same names; a test compares the two.
"""

import os
import platform
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, Self

from dotenv import dotenv_values
from pydantic import Field, ModelWrapValidatorHandler, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import TradingMode

_PREFIX = re.compile(r"TRADING_|BYBIT_|LIVE_TRADING|ADMIN_BACKFILL_")
_READ_ELSEWHERE = {
    "POSTGRES_PASSWORD",
    *(f"TRADING_DB_{part}" for part in ("HOST", "PORT", "USER", "PASSWORD", "NAME")),
}
"""By dbt and by the compose file; ``.env.example`` says what they mean."""


class Settings(BaseSettings):
    """Process settings. Strategy and risk parameters live in the YAML files of ``config_dir`` instead."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    mode: TradingMode = Field(TradingMode.SIMULATED, alias="TRADING_MODE")
    state_dir: Path = Field(Path("var"), alias="TRADING_STATE_DIR", description="embedded servers, logs, Dagster home")
    instance: str = Field(
        "", alias="TRADING_INSTANCE", description="name of this running system; empty: machine and state folder"
    )
    config_dir: Path = Field(
        Path("config"), alias="TRADING_CONFIG_DIR", description="universe, risk and strategy files"
    )
    dbt_project_dir: Path = Field(Path("dbt_project"), alias="TRADING_DBT_PROJECT_DIR", description="the marts")
    # addresses may hold passwords
    database_url: str = Field(
        "", alias="DATABASE_URL", repr=False, description="database `trading`; empty: embedded PostgreSQL"
    )
    dagster_database_url: str = Field(
        "", alias="DAGSTER_POSTGRES_URL", repr=False, description="database `dagster`; empty: embedded"
    )
    redis_url: str = Field("", alias="REDIS_URL", repr=False, description="empty: embedded Redis")
    bybit_rest_url: str = Field("", alias="BYBIT_REST_URL", description="empty: the mode's own endpoint")
    bybit_market_rest_url: str = Field(
        "", alias="BYBIT_MARKET_REST_URL", description="paper mode: the venue whose markets are real; empty: mainnet"
    )
    bybit_public_ws_url: str = Field("", alias="BYBIT_PUBLIC_WS_URL", description="empty: the mode's own endpoint")
    bybit_private_ws_url: str = Field("", alias="BYBIT_PRIVATE_WS_URL", description="empty: the mode's own endpoint")
    bybit_api_key: SecretStr = Field(SecretStr(""), alias="BYBIT_API_KEY")
    bybit_api_secret: SecretStr = Field(SecretStr(""), alias="BYBIT_API_SECRET")
    live_trading_acknowledged: str = Field(
        "", alias="LIVE_TRADING_ACKNOWLEDGED", description="account id; live mode only"
    )
    backfill_allowed_symbols: str = Field(
        "", alias="ADMIN_BACKFILL_ALLOWED_SYMBOLS", description="comma-separated; empty: everything"
    )
    backfill_allowed_intervals: str = Field(
        "", alias="ADMIN_BACKFILL_ALLOWED_INTERVALS", description="comma-separated; empty: everything"
    )
    dagster_url: str = Field(
        "", alias="TRADING_DAGSTER_URL", description="the Dagster UI, …/dagster; empty: that in the state folder"
    )
    api_host: str = Field(
        "127.0.0.1", alias="TRADING_API_HOST", description="address the API listens on; another needs TLS or a proxy"
    )
    api_port: int = Field(
        8000, ge=0, le=65535, alias="TRADING_API_PORT", description="port of the API; 0: `up` starts none"
    )
    api_secret: SecretStr = Field(
        SecretStr(""), alias="TRADING_API_SECRET", description="signs access tokens; empty: one in the state folder"
    )
    api_token: SecretStr = Field(
        SecretStr(""), alias="TRADING_API_TOKEN", description="API key of commands that are given --url"
    )
    totp_key: SecretStr = Field(
        SecretStr(""), alias="TRADING_TOTP_KEY", description="seals second factors; empty: simulated and paper make one"
    )
    api_tls_cert: str = Field("", alias="TRADING_API_TLS_CERT", description="file of the certificate chain, PEM")
    api_tls_key: str = Field("", alias="TRADING_API_TLS_KEY", description="file of its private key, PEM")
    api_trusted_proxies: str = Field(
        "", alias="TRADING_API_TRUSTED_PROXIES", description="addresses whose X-Forwarded-For and -Proto are believed"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="TRADING_LOG_LEVEL", description="the least that is written to logs"
    )
    keep_runs_days: int = Field(
        14, ge=1, alias="TRADING_KEEP_RUNS_DAYS", description="waves, marts, backfills, research"
    )
    keep_order_runs_days: int = Field(
        400, ge=1, alias="TRADING_KEEP_ORDER_RUNS_DAYS", description="runs that touched orders: the audit trail"
    )
    keep_quiet_runs_hours: int = Field(
        24, ge=1, alias="TRADING_KEEP_QUIET_RUNS_HOURS", description="reconciliations that found nothing"
    )
    keep_notifications_days: int = Field(
        # The table lets nothing go that is younger than 30 days.
        400,
        ge=30,
        alias="TRADING_KEEP_NOTIFICATIONS_DAYS",
        description="what the operator was told",
    )
    code_version: str = Field(
        "", alias="TRADING_CODE_VERSION", description="tag of every run; empty: the commit, or the package's version"
    )

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_line(cls, values: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Name the variables that are wrong, as every other configuration does."""
        cls._refuse_unknown()
        try:
            return handler(values)
        except ValidationError as error:
            wrong = (_complaint(str(one["loc"][0]), one["input"], one["msg"]) for one in error.errors())
            raise ConfigurationError("; ".join(wrong)) from None

    @classmethod
    def _refuse_unknown(cls) -> None:
        """Refuse variables that look like settings and are none: somebody meant something by them."""
        known = {str(spec.alias) for spec in cls.model_fields.values()} | _READ_ELSEWHERE
        written = Path(str(cls.model_config.get("env_file")))
        in_file = {name for name in dotenv_values(written) if written.is_file()}
        # names without our prefixes are other programs' in the environment, where most are
        looked_at = {name for name in os.environ if _PREFIX.match(name)} | in_file
        for name in sorted(looked_at - known):
            near = get_close_matches(name, known, n=1, cutoff=0.8)
            # in our own file a near miss is ours too
            if _PREFIX.match(name) or near:
                hint = f"; did you mean {near[0]}?" if near else "; .env.example lists every variable there is"
                raise ConfigurationError(f"{name} is no variable of trading-pipeline{hint}")

    @property
    def instance_name(self) -> str:
        """What all processes of this running system are called together: one of that name trades an account."""
        return self.instance or f"{platform.node()}:{self.state_dir.resolve()}"

    @property
    def api_address(self) -> str:
        """Where the API answers."""
        return f"http{'s' if self.api_tls_cert else ''}://{self.api_host}:{self.api_port}"

    def variables(self) -> dict[str, str]:
        """Every setting as the environment variable that would give it, secrets in the clear: for child processes."""
        return {str(spec.alias): _text(getattr(self, name)) for name, spec in type(self).model_fields.items()}


class GivenSettings(Settings):
    """Settings made of what is given in code and of defaults, whatever the environment and ``.env`` say.

    Demos, replays and benchmarks run under these, so that they cannot reach the servers, the mode or the keys of
    another system of the same machine. The marts are those beside the package: they are code, and a demo may be
    started in any folder.
    """

    dbt_project_dir: Path = Field(
        Path(__file__).resolve().parents[1] / "dbt_project", alias="TRADING_DBT_PROJECT_DIR", description="the marts"
    )

    @classmethod
    def _refuse_unknown(cls) -> None:
        """Nothing outside is looked at."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but the arguments."""
        return (init_settings,)


_OURS = re.compile(r"TRADING_|BYBIT_|DAGSTER_|CELERY_|DBT_|PG[A-Z]+$")
"""Beside the settings: variables that some process of a running system reads, libraries included."""


def foreign_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What a child process may inherit: the path, the home, the locale, but nothing that this system reads."""
    settings = {str(spec.alias) for spec in Settings.model_fields.values()}
    # Everything of ours is given to a child by name; what it would inherit could be another system's.
    return {name: text for name, text in environment.items() if name not in settings and not _OURS.match(name)}


def _complaint(name: str, value: object, rule: str) -> str:
    """What is wrong with a setting; a value that may hold a secret is not repeated."""
    secret = re.search(r"KEY|SECRET|PASSWORD|TOKEN|URL", name)
    return f"{name}: {rule}" if secret else f"{name} = {value!r}: {rule}"


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
