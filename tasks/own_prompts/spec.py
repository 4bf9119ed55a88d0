"""The description of the user's own prompts in an experiment."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from polyarena.tasks.card import Provenance

COLUMNS = ("prompt", "language", "choices", "answer", "references", "source_id", "id", "category")
"""The columns of a row; only the prompt is required, and the language unless the experiment sets it."""


def task_name(name: str, path: str, dataset: str) -> str:
    """Return the name of a task of own prompts: the one given, else made from the file or data set."""
    stem = PurePath(path).stem if path else dataset.rpartition("/")[2]
    return name or re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-") or "own_prompts"


class OwnPrompts(BaseModel):
    """Prompts in a file or a hub data set, and the facts for the card of their task.

    Attributes:
        path: A file of JSON Lines (``.jsonl``), CSV (``.csv``, with a header) or Parquet (``.parquet``), relative to
            the experiment.
        dataset: Instead of ``path``, a data set of the hub (``owner/name``), or of a local mirror.
        revision: The commit of the data set.
        config: Its config; or, by language, the config of each.
        split: Its split.
        name: The task's name in folders and tables; that of the file or data set if left out.
        language: The language of all prompts, for data without a column for it.
        columns: The data's own names for ``prompt``, ``language``, ``choices``, ``answer``, ``references``,
            ``source_id``, ``id`` and ``category``, where they differ.
        metric: One metric or several for generated answers: names of docs/tasks.md, or
            ``file.py:name`` for a function or metric in a Python file. The first one is the headline.
        max_tokens: Longest answer, in tokens of the model.
        stop: Texts that end an answer.
        title: For people.
        licence: SPDX expression of the prompts.
        provenance: How the prompts came to be: in all languages, or by language.
        url: A page that describes the prompts.
        citation: A paper or page to cite.
        notes: What a reader must know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = ""
    dataset: str = ""
    revision: str = "main"
    config: str | dict[str, str] = "default"
    split: str = "test"
    name: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]*)?$", max_length=100)] = ""
    language: str = ""
    columns: dict[str, str] = {}
    metric: str | tuple[str, ...] = ()
    max_tokens: Annotated[int, Field(gt=0)] = 512
    stop: tuple[str, ...] = ()
    title: str = ""
    licence: str = "unknown"
    provenance: Provenance | dict[str, Provenance] = Provenance.UNKNOWN
    url: str = ""
    citation: str = ""
    notes: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.path) == bool(self.dataset):
            raise PydanticCustomError("own_prompts_source", "own prompts need either `path` or `dataset`", {})
        strange = [name for name in self.columns if name not in COLUMNS]
        if strange:
            context = {"key": strange[0], "known": list(COLUMNS)}
            raise PydanticCustomError("unknown_key", "unknown key {key}", context)
        return self

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics as written."""
        return (self.metric,) if isinstance(self.metric, str) else self.metric

    def column(self, name: str) -> str:
        """Return the data's own name for one of :data:`COLUMNS`."""
        return self.columns.get(name, name)
