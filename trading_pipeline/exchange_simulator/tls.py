"""A certificate of our own for HTTPS and WSS, made by the machine's openssl."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from trading_pipeline.domain.model.errors import ConfigurationError

DAYS = 825
"""Of validity; longer ones are refused by some clients."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Two PEM files.

    :param chain: the certificate, which clients that shall trust it are given.
    """

    chain: Path
    key: Path


def certificate_in(folder: Path | None) -> Certificate | None:
    """The certificate of a folder, signed by itself for this machine's own names; made when it is missing.

    :raises ConfigurationError: it is missing and cannot be made.
    """
    if folder is None:
        return None
    certificate = Certificate(folder / "certificate.pem", folder / "key.pem")
    if not (certificate.chain.exists() and certificate.key.exists()):
        _make(certificate)
    return certificate


def _make(certificate: Certificate) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise ConfigurationError(
            f"there is no openssl to make a certificate with; install it, or put yours into {certificate.chain} and "
            f"{certificate.key}"
        )
    certificate.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    request = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-days", str(DAYS), "-keyout", str(certificate.key), "-out", str(certificate.chain)]
    result = subprocess.run([*request, *names, *files], capture_output=True, text=True, check=False)
    if result.returncode:
        last = (result.stderr.strip() or "no reason given").splitlines()[-1]
        raise ConfigurationError(f"openssl made no certificate in {certificate.key.parent}: {last}")
    certificate.key.chmod(0o600)
