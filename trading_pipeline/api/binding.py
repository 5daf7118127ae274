"""Where the API may listen, and the secret that it signs with."""

import secrets
from ipaddress import ip_address
from pathlib import Path

from trading_pipeline.adapters.access.jwt_tokens import LEAST_SECRET
from trading_pipeline.adapters.access.kept_secret import kept_secret
from trading_pipeline.domain.model.errors import ConfigurationError, NotAllowed
from trading_pipeline.settings import Settings

_FILE = "api.secret"


def refuse_unsafe_binding(settings: Settings) -> None:
    """Make sure that nobody in between can read a password, and that no token is signed with a key others know.

    :raises ConfigurationError: an address that is not loopback without TLS or a trusted proxy, or without a secret.
    """
    if bool(settings.api_tls_cert) != bool(settings.api_tls_key):
        raise ConfigurationError("TRADING_API_TLS_CERT and TRADING_API_TLS_KEY belong together; set both or none")
    for name in (settings.api_tls_cert, settings.api_tls_key):
        if name and not Path(name).is_file():
            raise ConfigurationError(f"TLS of the API: there is no file {name}")
    if is_loopback(settings.api_host):
        return
    if not settings.api_tls_cert and not settings.api_trusted_proxies.strip():
        raise ConfigurationError(
            f"TRADING_API_HOST = {settings.api_host} would send passwords in the clear; set TRADING_API_TLS_CERT and "
            "TRADING_API_TLS_KEY, name the proxy that ends TLS in TRADING_API_TRUSTED_PROXIES, or listen on 127.0.0.1"
        )
    if len(settings.api_secret.get_secret_value().encode()) < LEAST_SECRET:
        raise ConfigurationError(
            f"TRADING_API_HOST = {settings.api_host} needs a TRADING_API_SECRET of its own, {LEAST_SECRET} random "
            "bytes or more: openssl rand -base64 48"
        )


def is_loopback(host: str) -> bool:
    """Whether this machine alone can reach the address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_remote(settings: Settings, address: str) -> None:
    """Make sure that somebody is on this machine, whose API nobody else reaches.

    :param address: where the request comes from.
    :raises NotAllowed: they may be elsewhere.
    """
    if not is_loopback(settings.api_host) or not is_loopback(address):
        raise NotAllowed("one-time links sign in on the machine itself alone; sign in by name and password")


def signing_secret(settings: Settings) -> str:
    """The secret of the settings, or one that is made at random and kept in the state folder, its owner's alone."""
    if given := settings.api_secret.get_secret_value():
        return given
    file = settings.state_dir / _FILE
    kept = kept_secret(file, lambda: secrets.token_urlsafe(48))
    if len(kept.encode()) < LEAST_SECRET:
        raise ConfigurationError(f"{file} is no secret; delete it, and another is made")
    return kept
