"""What second factors are sealed with.

Apart from what seals: the supervisor asks whether there is a key, and does without the library for months.
"""

import secrets
from base64 import urlsafe_b64encode

from trading_pipeline.adapters.access.kept_secret import kept_secret
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.settings import Settings

_FILE = "totp.key"


def totp_keys(settings: Settings) -> list[str]:
    """The newest first; in the simulated mode one is made and kept in the state folder where none is given.

    :raises ConfigurationError: there is none, and the mode needs one.
    """
    given = settings.totp_key.get_secret_value().replace(",", " ").split()
    if given:
        return given
    if settings.mode is not TradingMode.SIMULATED:
        raise ConfigurationError(
            f"TRADING_TOTP_KEY is unset, and in mode {settings.mode} it seals second factors; "
            "make one with openssl rand -base64 32 | tr '+/' '-_', and keep it apart from the database"
        )
    return [kept_secret(settings.state_dir / _FILE, lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode())]
