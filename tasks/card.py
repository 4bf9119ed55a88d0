"""The card of a task: its identity, data and provenance."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from polyarena.tasks.item import Kind


class Provenance(StrEnum):
    """How the items of a language were written or translated."""

    NATIVE = "native"
    HUMAN = "human-translated"
    POST_EDITED = "post-edited"
    MACHINE = "machine-translated"
    GENERATED = "generated"
    UNKNOWN = "unknown"
    """Not stated, for your own prompts."""


class Culture(StrEnum):
    """Whether answers depend on the culture of the language's speakers."""

    SENSITIVE = "sensitive"
    AGNOSTIC = "agnostic"
    MIXED = "mixed"
    """Items say which they are, by their category."""
    UNKNOWN = "unknown"


class Dataset(BaseModel):
    """Where the items come from.

    Attributes:
        id: ``owner/name`` on the hub, or ``builtin`` for what ships with a package.
        revision: The pinned commit, tag or package version.
        split: The evaluated split.
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
    """Defaults for generated answers, which a system's ``sampling`` overrides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: Annotated[int, Field(gt=0)] = 512
    stop: tuple[str, ...] = ()


class TaskCard(BaseModel):
    """The identity of a task.

    Attributes:
        name: Its name in experiments.
        version: Version of the task; it changes whenever a score could change.
        title: Short description for people.
        kind: How its items are answered.
        dataset: Where its items come from.
        languages: ``lang_Script`` codes, sorted.
        provenance: Provenance of each language's items, by ``lang_Script``.
        metrics: Names of the metrics that :meth:`polyarena.tasks.protocol.Task.score` emits; the first one is the
            headline. Empty when open-ended items are only judged.
        shuffled: Whether the order of the choices differs between translations of one item.
        shared: What the languages share (``"the 500 prompts"``), or ``""`` if nothing is parallel.
        culture: Whether its items are culturally sensitive, where a source says it.
        validity: What a source measured of how well scores agree with people's judgement of models; empty if nothing.
        generation: Defaults for generated answers.
        chance: Expected headline score of guessing, or ``None``.
        notes: Remarks for readers.
        left_out: Languages that one would expect and that are missing, with the reason.
        citation: A paper or page to cite.
        harmful: Whether prompts or answers may be harmful; published reports do not show their texts.
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
    shuffled: bool = False
    culture: Culture = Culture.UNKNOWN
    validity: str = ""
    generation: GenerationDefaults = GenerationDefaults()
    chance: float | None = None
    notes: str = ""
    left_out: dict[str, str] = {}
    citation: str = ""
    harmful: bool = False
