"""Keys belong into the environment: what stands in an experiment file is copied into the run folder and its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyarena.tasks.errors import ExperimentError

NAMES = frozenset(
    {
        "access_token", "api_key", "api-key", "apikey", "auth", "auth_token", "authorization", "bearer", "hf_token",
        "password", "secret", "token", "x-api-key",
    }
)  # fmt: skip
"""Names of arguments and HTTP headers that carry credentials, in lower case."""
ENDINGS = ("api_key", "api-key", "apikey", "access_token", "auth_token", "password", "secret")
"""With these, any name is one of a credential."""


def refuse_secrets(args: Mapping[str, Any], where: str) -> None:
    """Refuse arguments that carry a credential, at any depth, in mappings and lists.

    Args:
        args: Of a model or judge.
        where: Their place in the user's file, for the message.

    Raises:
        ExperimentError: Names the argument, never its value.
    """
    for name, value in args.items():
        plain = str(name).lower()
        if (plain in NAMES or plain.endswith(ENDINGS)) and value:
            raise ExperimentError(
                f"the argument {name!r} would put a credential into the run folder and its report",
                where=where,
                fix="leave it out and set the environment variable: OPENAI_API_KEY, HF_TOKEN, ANTHROPIC_API_KEY, ...",
            )
        for inner in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(inner, Mapping):
                refuse_secrets(inner, where)
