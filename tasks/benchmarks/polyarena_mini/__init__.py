"""polyarena-mini: eight everyday prompts, the same eight in each of the 23 languages of Aya Expanse.

For smoke runs and CI, not for claims; ``card.md`` beside this file says how the prompts were made and what they are
not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.validation import require_language

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion

VERSION = "0.1"


@cache
def _by_language() -> Mapping[str, tuple[Item, ...]]:
    lines = files(__name__).joinpath("prompts.jsonl").read_text("utf-8").split("\n")
    grouped: dict[str, list[Item]] = {}
    for row in map(json.loads, filter(None, lines)):
        item = Item(
            item_id=row["source_id"],
            source_id=row["source_id"],
            language=row["language"],
            prompt=row["prompt"],
            category=row["category"],
        )
        grouped.setdefault(item.language, []).append(item)
    return {language: tuple(grouped[language]) for language in sorted(grouped)}


@cache
def _card() -> TaskCard:
    return TaskCard(
        name="polyarena_mini",
        version=VERSION,
        title="polyarena-mini: 8 everyday prompts in 23 languages, for smoke runs",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(id="builtin", revision=VERSION, licence="Apache-2.0"),
        languages=tuple(_by_language()),
        provenance=dict.fromkeys(_by_language(), Provenance.GENERATED),
        shared="the 8 prompts",
        generation=GenerationDefaults(max_tokens=256),
        notes=(
            "Eight prompts are too few for any claim on a system. Written by the project's authors with the help of a "
            "language model, in each language to be natural rather than word for word; not yet reviewed by native "
            "speakers."
        ),
    )


class PolyarenaMini:
    """The task; see the module for what it is."""

    @property
    def card(self) -> TaskCard:
        """The task's identity."""
        return _card()

    def items(self, language: str, data: DataSource) -> Iterator[Item]:  # noqa: ARG002
        """Yield the eight prompts of one language, in the same order in each.

        Args:
            language: One of ``card.languages``.
            data: Ignored; the prompts ship with the package.

        Raises:
            UnknownNameError: The task does not have this language.
        """
        require_language(self.card, language)
        yield from _by_language()[language]

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:  # noqa: ARG002
        """Return nothing: answers are only judged."""
        return {}


task = PolyarenaMini()
