"""The record of training text, and its file: JSON Lines with the fields of the record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from polyarena.tasks.data import read_jsonl
from polyarena.tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One prompt with the completion that a model is trained to write.

    Attributes:
        row_id: Unique within a mixture, such as ``human-qa-sft:swh_Latn:17``.
        source: Name of the source in the mixture.
        language: ``lang_Script`` of the completion.
        prompt: What the user says.
        completion: What the model should answer.
        licence: SPDX identifier, or the licence in words as the source states it.
    """

    row_id: str
    source: str
    language: str
    prompt: str
    completion: str
    licence: str

    def to_json(self) -> str:
        """Return the row as one line of JSON, without the line break."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_mapping(cls, row: Mapping[str, Any], *, where: str = "") -> Self:
        """Return the row of a JSON object.

        Raises:
            DataError: A field is missing or not a text.
        """
        for name in (field.name for field in fields(cls)):
            value = row.get(name)
            if not isinstance(value, str):
                raise DataError(
                    f"the training row lacks the field {name!r}" if value is None else f"{name!r} is not a text",
                    where=where,
                    why=f"a row needs {', '.join(field.name for field in fields(cls))}",
                    fix="write the rows again with the stage that made them",
                )
        return cls(**{field.name: row[field.name] for field in fields(cls)})


def read_training_rows(path: str | Path) -> Iterator[TrainingRow]:
    """Yield the rows of a JSON Lines file with the fields of :class:`TrainingRow`.

    Raises:
        DataError: The file is missing, empty or not JSON Lines, or a row lacks a field.
    """
    for number, row in read_jsonl(path):
        yield TrainingRow.from_mapping(row, where=f"{path}:{number}")
