"""Which certificates are trusted."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi

from polyarena.tasks.errors import ModelError


def ssl_context() -> ssl.SSLContext:
    """Return a context that trusts what ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, else the bundle of ``certifi``.

    Raises:
        ModelError: A file or folder that the environment names is missing or contains no certificates.
    """
    check_certificates()
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        return ssl.create_default_context(cafile=file or (None if folder else certifi.where()), capath=folder or None)
    except (OSError, ssl.SSLError) as error:
        raise _unusable("SSL_CERT_FILE" if file else "SSL_CERT_DIR", str(error)) from error


def check_certificates() -> None:
    """Refuse an environment that names certificates which do not exist; every TLS library reads the same variables.

    Raises:
        ModelError: As in :func:`ssl_context`.
    """
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = os.environ.get(name)
        if path and not Path(path).exists():
            raise _unusable(name, "there is no such file or folder")


def _unusable(name: str, why: str) -> ModelError:
    return ModelError(
        f"the certificates that the environment variable {name} names cannot be used",
        where=os.environ.get(name, ""),
        why=why,
        fix=f"set {name} to a PEM file that exists, or unset it",
    )
