"""Refuses credentials in experiment files, which are copied into the run folder and its report.

A credential is recognised by the name of its key (``api_key``, ``aws_secret_access_key``, ``Authorization``), by its
form (``sk-...``, ``Bearer ...``, a private key), within addresses (``https://user:password@host/?key=...``), and as
letters and digits at random after a name that ends in ``key`` or ``token`` (``X-Vault-Token``, ``--api-key ...``).
"""

from __future__ import annotations

import re
import unicodedata
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
    \b(?i:bearer|basic)\s+(?=\S*[0-9=+/])[A-Za-z0-9+/=._~-]{8,}
    | \b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_]){0,8}[A-Za-z0-9]{16,}
    | \bhf_[A-Za-z0-9]{16,}
    | \b(?:ghp|gho|ghu|ghs|ghr|github_pat|glpat|gsk|nvapi|xai|r8|pplx|dapi)[-_][A-Za-z0-9_-]{16,}
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \bAIza[0-9A-Za-z_-]{30,}
    | \bya29\.[0-9A-Za-z_-]{20,}
    | \bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}
    | \bxox[abposr]-[A-Za-z0-9-]{10,}
    | \bhooks\.slack\.com/services/\S{16,}
    | \bdiscord(?:app)?\.com/api/webhooks/\S{16,}
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    """,
    re.VERBOSE,
)
"""Texts that have the form of a credential of a known service."""
_ADDRESS = re.compile(r"//\S+")
_LOGIN = re.compile(r"(?!mailto:)[^\s/@:]{1,60}:[^\s/@:]{1,200}@[A-Za-z0-9\[]")
"""The beginning of `user:password@host` without a scheme; `user@host:/path`, as of `scp`, is none."""
_WORDS = re.compile(r"[A-Za-z0-9_-]+")
_UNBROKEN = re.compile(r"[A-Za-z0-9]{16}")
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
        if FORMS.search(line) or _after_key_name(line):
            raise ExperimentError(
                "this line would put a credential into the run folder",
                where=f"{where}:{number}",
                why="it contains text in the form of a key or token; comments are copied, too",
                fix=_FIX,
            )


def is_credential_name(name: str) -> bool:
    """Whether an argument, header or field of this name carries a credential, whatever its letter case."""
    snake = _snake(name)
    return snake in NAMES or snake.endswith(ENDINGS)


def _snake(name: str) -> str:
    """Return a name in snake case; compatibility characters, such as full-width letters, count as the usual ones."""
    usual = unicodedata.normalize("NFKC", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", usual).replace("-", "_").replace(" ", "_").strip("_").lower()


def _is_random(text: str) -> bool:
    """Whether no person chose a text: sixteen letters and digits without a break, two of them digits at least."""
    return _UNBROKEN.search(text) is not None and sum(map(str.isdigit, text)) > 1 and any(map(str.isalpha, text))


def _is_key_name(name: str) -> bool:
    """Whether a name is that of some key or token; such names are as common for values that are none."""
    return _snake(name).endswith(("key", "token")) or is_credential_name(name)


def _after_key_name(text: str) -> str:
    """Return the name before a random text, as in ``--api-key ...``, ``token: ...``; empty if there is none."""
    return next(
        (before for before, value in pairwise(_WORDS.findall(text)) if _is_random(value) and _is_key_name(before)), ""
    )


def _found(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the key and the reason of each credential within a value."""
    if isinstance(value, (Mapping, list, tuple)) and value and is_credential_name(name):
        yield name, "its name is that of a credential"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if FORMS.search(str(key)):
                yield "", "the name of an argument has the form of a key or token"
            yield from _found(inner, str(key))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for inner in value:
            yield from _found(inner, name)
    elif value not in (None, "") and not isinstance(value, bool):
        yield from ((name, reason) for reason in _reasons(str(value), name) if reason)


def _reasons(text: str, name: str) -> Iterator[str]:
    """Yield why a text with a name is a credential; empty strings may be among the reasons."""
    for address in _ADDRESS.findall(text):
        yield _in_address(address)
    one_word = not any(map(str.isspace, text))
    if one_word:
        yield "its address has a user or a password" if _LOGIN.match(text) else ""
        # As the arguments of lm-eval's command line: `pretrained=org/model,token=...`.
        for each in _PAIR.findall(text):
            yield f"its text gives {each!r} a value" if is_credential_name(each) else ""
    if is_credential_name(name):
        yield "its name is that of a credential"
    elif FORMS.search(text) or (one_word and _is_key_name(name) and _is_random(text)):
        yield "its value has the form of a key or token"
    elif before := _after_key_name(text):
        yield f"its text has what looks like a key or token after {before!r}"


def _in_address(address: str) -> str:
    """Return which part of an address is a credential, or an empty string."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if "@" in parts.netloc:
        return "its address has a user or a password"
    for name, value in (*parse_qsl(parts.query), *parse_qsl(parts.fragment)):
        if inner := next(filter(None, map(_in_address, _ADDRESS.findall(value))), ""):
            return inner
        if value and (is_credential_name(name) or name.replace("-", "_").lower() in QUERY_NAMES):
            return f"its address has {name!r} in the query"
    segments = [unquote(segment) for segment in parts.path.split("/")]
    for before, segment in pairwise(segments):
        if before.replace("-", "_").lower() in _KEY_SEGMENTS and re.fullmatch(r"[A-Za-z0-9_=-]{12,}", segment):
            return f"its address has a key after {before!r}"
    return ""
