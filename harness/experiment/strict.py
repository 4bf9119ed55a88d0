"""The base of every part of an experiment or gate file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

RENAMED_KEYS = {"take": "subset", "without": "exclude", "insist": "allow_inadequate"}
"""Former keys of the file, each with its present name; messages about a former key name the present one."""


@dataclass(frozen=True)
class UnknownKey:
    """Stands in the place of the value of a key that does not exist, so that its error knows those that do.

    Attributes:
        known: The keys of the mapping.
    """

    known: tuple[str, ...]


class Strict(BaseModel):
    """Base of every part of the file: frozen; an unknown key is an error beside those of all other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _mark_unknown_keys(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        fields = cls.model_fields
        unknown = UnknownKey(tuple(sorted(fields)))
        # `judges:` with nothing after it means the same as no `judges:`.
        return {
            key if key in fields else str(key): value if key in fields else unknown
            for key, value in data.items()
            if value is not None or key not in fields
        }
