"""Refuses credentials in experiment files, which are copied into the run folder and its report.

A credential is recognised by the name of its key (``api_key``, ``aws_secret_access_key``, ``Authorization``), by its
form (``sk-...``, ``Bearer ...``, a private key), and within addresses (``https://user:password@host/?key=...``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from polyarena.tasks.errors import ExperimentError

NAMES = frozenset(
    {
        "apikey", "api_key", "auth", "authorization", "bearer", "cookie", "credential", "credentials", "passphrase",
        "passwd", "password", "proxy_authorization", "pwd", "secret", "secrets", "set_cookie", "token", "x_api_key",
    }
)  # fmt: skip
"""Names of arguments and HTTP headers that carry credentials, in snake case."""
ENDINGS = (
    "apikey", "api_key", "access_key", "account_key", "auth_key", "encryption_key", "private_key", "secret_key",
    "service_key", "shared_key", "signing_key", "storage_key", "subscription_key", "access_key_id",
    "access_token", "api_token", "auth_token", "bearer_token", "hf_token", "hub_token", "id_token", "refresh_token",
    "security_token", "session_token", "credential", "credentials", "passphrase", "passwd", "password", "secret",
)  # fmt: skip
"""A name with one of these endings is that of a credential."""
QUERY_NAMES = frozenset({"key", "sig", "signature", "code", "access", "x_amz_signature", "x_amz_credential"})
"""Names that carry credentials in the query of an address, in addition to those above."""
FORMS = re.compile(
    r"""
    \b(?:Bearer|Basic)\s+(?=\S*[0-9=+/])[A-Za-z0-9+/=._~-]{8,}
    | \b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_]){0,8}[A-Za-z0-9]{16,}
    | \bhf_[A-Za-z0-9]{16,}
    | \b(?:ghp|gho|ghu|ghs|ghr|github_pat|glpat|gsk|nvapi|xai|r8|pplx|dapi)[-_][A-Za-z0-9_-]{16,}
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \bAIza[0-9A-Za-z_-]{30,}
    | \bxox[abposr]-[A-Za-z0-9-]{10,}
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    """,
    re.VERBOSE,
)
"""Texts that have the form of a credential of a known service."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://\S+")
_PAIR = re.compile(r"(?:\A|[,;&?])([^=,;&?]{1,60})=[^=,;&?]")
_KEY_SEGMENTS = frozenset({"key", "keys", "apikey", "api_key", "token", "tokens"})
_FIX = "leave it out and set an environment variable: OPENAI_API_KEY, HF_TOKEN, ANTHROPIC_API_KEY, ..."


def refuse_credentials(value: Any, where: str, name: str = "") -> None:
    """Refuse a value that carries a credential, at any depth, in mappings and lists.

    Args:
        value: Arguments of a model or judge, or any other part of an experiment.
        where: Its place in the user's file, for the message.
        name: The key of the value, if it has one.

    Raises:
        ExperimentError: A value contains a credential. The message names the key, never its value.
    """
    for key, reason in _found(value, name):
        subject = f"the argument {key!r}" if key else "a value"
        raise ExperimentError(
            f"{subject} would put a credential into the run folder and its report", where=where, why=reason, fix=_FIX
        )


def refuse_credentials_in_text(text: str, where: str) -> None:
    """Refuse a document with a credential anywhere, comments included, since it is copied as it is.

    Args:
        text: The document.
        where: Its file, for the message.

    Raises:
        ExperimentError: A line contains a credential. The message names the line, never its text.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if FORMS.search(line):
            raise ExperimentError(
                "this line would put a credential into the run folder",
                where=f"{where}:{number}",
                why="it contains text in the form of a key or token; comments are copied, too",
                fix=_FIX,
            )


def is_credential_name(name: str) -> bool:
    """Whether an argument, header or field of this name carries a credential, whatever its letter case."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").replace(" ", "_").lower()
    return snake in NAMES or snake.endswith(ENDINGS)


def _found(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the key and the reason of each credential within a value."""
    if isinstance(value, (Mapping, list, tuple)) and value and is_credential_name(name):
        yield name, "its name is that of a credential"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _found(inner, str(key))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for inner in value:
            yield from _found(inner, name)
    elif value not in (None, "") and not isinstance(value, bool):
        reasons = [_in_address(match[0]) for match in _ADDRESS.finditer(str(value))]
        if not any(map(str.isspace, str(value))):
            # As the arguments of lm-eval's command line: `pretrained=org/model,token=...`.
            reasons += [
                f"its text gives {each!r} a value" for each in _PAIR.findall(str(value)) if is_credential_name(each)
            ]
        if is_credential_name(name):
            reasons.append("its name is that of a credential")
        elif FORMS.search(str(value)):
            reasons.append("its value has the form of a key or token")
        yield from ((name, reason) for reason in reasons if reason)


def _in_address(address: str) -> str:
    """Return which part of an address is a credential, or an empty string."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if "@" in parts.netloc:
        return "its address has a user or a password"
    for name, value in (*parse_qsl(parts.query), *parse_qsl(parts.fragment)):
        if value and (is_credential_name(name) or name.replace("-", "_").lower() in QUERY_NAMES):
            return f"its address has {name!r} in the query"
    segments = [unquote(segment) for segment in parts.path.split("/")]
    for before, segment in pairwise(segments):
        if before.replace("-", "_").lower() in _KEY_SEGMENTS and re.fullmatch(r"[A-Za-z0-9_=-]{12,}", segment):
            return f"its address has a key after {before!r}"
    return ""
