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
_ACCOUNT_LIVES_HERE = (TradingMode.SIMULATED, TradingMode.PAPER)
"""Nothing is at stake that is not in the state folder, too."""


def totp_keys(settings: Settings) -> list[str]:
    """The newest first; where none is given and the account lives here, one is made and kept in the state folder.

    :raises ConfigurationError: there is none, and the mode needs one.
    """
    kept = settings.state_dir / _FILE
    return given_totp_keys(settings) or [kept_secret(kept, _made)]


def given_totp_keys(settings: Settings) -> list[str]:
    """Those of the settings; none where one can be made.

    :raises ConfigurationError: there is none, and the mode needs one.
    """
    given = settings.totp_key.get_secret_value().replace(",", " ").split()
    if not given and settings.mode not in _ACCOUNT_LIVES_HERE:
        raise ConfigurationError(
            f"TRADING_TOTP_KEY is unset, and in mode {settings.mode} it seals second factors; "
            "make one with openssl rand -base64 32 | tr '+/' '-_', and keep it apart from the database"
        )
    return given


def _made() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()
