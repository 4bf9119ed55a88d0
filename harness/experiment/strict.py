"""The base of every part of an experiment or gate file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

RENAMED_KEYS = {"take": "subset", "without": "exclude", "insist": "allow_inadequate"}
"""Former keys of the file, each with its present name; messages about a former key name the present one."""


class Strict(BaseModel):
    """Base of every part of the file: frozen; an unknown key is an error whose context lists the known keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    context = {"key": str(key), "known": sorted(cls.model_fields)}
                    raise PydanticCustomError("unknown_key", "unknown key {key}", context)
            # `judges:` with nothing after it means the same as no `judges:`.
            return {key: value for key, value in data.items() if value is not None}
        return data
