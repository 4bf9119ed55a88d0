"""Signatures of pydantic models as people write them: the names of the fields, with their defaults."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined


def shorten(app: Any, what: str, name: str, documented: Any, options: Any, signature: str, returned: str) -> Any:  # noqa: ARG001
    """Return a signature without the machinery of constraints; the text below it says what each field is."""
    if what != "class" or not issubclass(documented, BaseModel):
        return None
    fields = [
        key if field.is_required() else f"{key}={_shown(field.default)}"
        for key, field in documented.model_fields.items()
    ]
    return f"(*, {', '.join(fields)})", None


def _shown(default: Any) -> str:
    return "..." if default is PydanticUndefined or isinstance(default, BaseModel) else repr(default)
