"""Templates that make prompts and completions of the fields of a row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from polyarena.tasks.errors import DataError

_FIELD = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.-]*)\}")


class RowTemplate(BaseModel):
    """One way to ask for what a row contains.

    Attributes:
        prompt: Text with fields of the row in braces, such as ``Translate into German: {english}``; a brace itself is
            doubled.
        completion: As above.
        languages: ``lang_Script`` codes of the rows that it is for; all if left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: Annotated[str, Field(min_length=1)]
    completion: Annotated[str, Field(min_length=1)]
    languages: tuple[str, ...] = ()

    @field_validator("prompt", "completion")
    @classmethod
    def _braces_name_fields(cls, text: str) -> str:
        rest = _FIELD.sub("", text)
        if "{" in rest or "}" in rest:
            raise ValueError("a brace names no field: write {field}, or double a brace that is meant as one")
        return text


def apply_template(
    templates: Sequence[RowTemplate], row: Mapping[str, Any], language: str, row_id: str, *, where: str = ""
) -> tuple[str, str]:
    """Return the prompt and the completion of a row by one of the templates of its language.

    Which one is decided by the id of the row alone, evenly over the templates.

    Args:
        templates: At least one.
        row: With the fields that the templates name, as texts or numbers.
        language: Of the row.
        row_id: Of the row.
        where: The place of the row, for messages.

    Raises:
        DataError: No template is for this language, or the row lacks a field.
    """
    fitting = [each for each in templates if not each.languages or language in each.languages]
    if not fitting:
        raise DataError(f"no template is for {language}", where=where, fix="add one, or a template without `languages`")
    digest = hashlib.sha256(row_id.encode("utf-8", "backslashreplace")).digest()
    chosen = fitting[int.from_bytes(digest[:8], "big") % len(fitting)]
    return _filled(chosen.prompt, row, where), _filled(chosen.completion, row, where)


def _filled(text: str, row: Mapping[str, Any], where: str) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        found = row.get(name)
        if not isinstance(found, str | int | float) or isinstance(found, bool):
            raise DataError(
                f"the row has no text in the field {name!r} that a template names",
                where=where,
                why=f"it has the fields {', '.join(sorted(map(str, row)))}",
                fix="correct the name in the template",
            )
        return str(found)

    return _FIELD.sub(value, text)
