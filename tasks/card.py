"""What a task says of itself, so that each number can name its origin."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from polyarena.tasks.item import Kind


class Provenance(StrEnum):
    """How the items of one language came to be in that language."""

    NATIVE = "native"
    HUMAN = "human-translated"
    POST_EDITED = "post-edited"
    MACHINE = "machine-translated"
    GENERATED = "generated"
    UNKNOWN = "unknown"
    """Nobody said; of own prompts whose experiment does not."""


class Dataset(BaseModel):
    """Where the items come from.

    Attributes:
        id: ``owner/name`` on the hub, or ``builtin`` for what ships with a package.
        revision: The pinned commit, tag or package version.
        split: The split that is asked.
        licence: SPDX expression.
        url: A page that describes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    revision: str
    split: str = "test"
    licence: str
    url: str = ""


class GenerationDefaults(BaseModel):
    """What a task asks for unless the system says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: Annotated[int, Field(gt=0)] = 512
    stop: tuple[str, ...] = ()


class TaskCard(BaseModel):
    """The identity of a task.

    Attributes:
        name: The name by which experiments ask for it.
        version: Of the task as we define it; changes whenever a score could.
        title: For people.
        kind: How its items are answered.
        dataset: Where its items come from.
        languages: ``lang_Script`` codes, sorted.
        provenance: Of each language's items, by ``lang_Script``.
        metrics: Names of the metrics that :meth:`Task.score` emits; the first one is the headline. Empty when
            open-ended items are only judged.
        shared: What is the same across languages (``"the 500 prompts"``), or ``""`` when nothing is parallel.
        generation: Defaults for generated answers.
        chance: Expected headline score of guessing, or ``None``.
        notes: What a reader must know; for instance languages that are left out and why, by language.
        left_out: Languages that one would expect and that are missing, with the reason.
        citation: A paper or page to cite.
        harmful: Whether prompts or answers may do harm; reports that are passed on do not show their texts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    title: str
    kind: Kind
    dataset: Dataset
    languages: tuple[str, ...]
    provenance: dict[str, Provenance]
    metrics: tuple[str, ...] = ()
    shared: str = ""
    generation: GenerationDefaults = GenerationDefaults()
    chance: float | None = None
    notes: str = ""
    left_out: dict[str, str] = {}
    citation: str = ""
    harmful: bool = False
