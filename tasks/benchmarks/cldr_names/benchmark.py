"""The task: items out of names, and the card out of the coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from polyarena.tasks.benchmarks.cldr_names.concepts import N_CHOICES, Concept, all_concepts, gold_position, rivals
from polyarena.tasks.benchmarks.cldr_names.coverage import MIN_ITEMS, aya_coverage, bare, coverage, question
from polyarena.tasks.benchmarks.cldr_names.locales import revision
from polyarena.tasks.card import Dataset, Provenance, TaskCard
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import Language, find_language
from polyarena.tasks.metrics.multiple_choice import ACC, ACC_BYTES, choice_scores
from polyarena.tasks.validation import require_language

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion


@cache
def _card() -> TaskCard:
    covered = tuple(code for code, each in aya_coverage().items() if not each.reason)
    return TaskCard(
        name="cldr_names",
        version="0.1",
        title=f"CLDR names: months, weekdays, countries and languages in {len(covered)} languages",
        kind=Kind.MULTIPLE_CHOICE,
        dataset=Dataset(id="builtin", revision=revision(), licence="Unicode-3.0", url="https://cldr.unicode.org"),
        languages=covered,
        provenance=dict.fromkeys(covered, Provenance.HUMAN),
        metrics=(ACC_BYTES, ACC),
        shared=f"up to {len(all_concepts())} concepts, by source_id; each language has those that its rules leave",
        chance=1 / N_CHOICES,
        notes=(
            "Questions are in English, choices in the language; CLDR's names are submitted and vetted by its "
            "contributors. Left out: names that CLDR lacks in the language's own locale, names with letters of another "
            "script, names that stand in the question (letters compared without case and accents), and languages "
            f"with fewer than {MIN_ITEMS} names or fewer than {N_CHOICES} of a category."
        ),
        left_out={code: each.reason for code, each in aya_coverage().items() if each.reason},
        citation="Unicode Common Locale Data Repository, https://cldr.unicode.org",
    )


class CldrNames:
    """The task; see the package for what it asks and what it leaves out."""

    @property
    def card(self) -> TaskCard:
        """The task's identity; the first call reads CLDR's names, a fraction of a second."""
        return _card()

    def items(self, language: str, data: DataSource) -> Iterator[Item]:  # noqa: ARG002
        """Yield the questions of one language, the categories taking turns.

        Args:
            language: One of ``card.languages``.
            data: Ignored; the names ship with babel.

        Raises:
            UnknownNameError: The task does not have this language.
        """
        require_language(self.card, language)
        yield from questions(find_language(language))

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return ``acc_bytes`` and ``acc``.

        Raises:
            DataError: The completion has no usable log-likelihoods.
        """
        return choice_scores(item, completion)


def questions(language: Language) -> Iterator[Item]:
    """Yield an item for each name of a covered language.

    The prompt ends in ``Answer:``, so that a name is its natural continuation with a chat template and without.
    """
    names = coverage(language).names
    for concept, name in names.items():
        choices = _distractors(concept, names)
        choices.insert(gold_position(concept), name)
        yield Item(
            item_id=concept.source_id,
            source_id=concept.source_id,
            language=language.code,
            prompt=f"Question: {question(concept, language)}\nAnswer:",
            choices=tuple(choices),
            gold=gold_position(concept),
            fields={"kind": concept.category.name.lower()},
        )


def _distractors(concept: Concept, names: Mapping[Concept, str]) -> list[str]:
    """Return three names of the same category, no two choices alike in letters."""
    taken = {bare(names[concept])}
    chosen: list[str] = []
    for rival in rivals(concept):
        if len(chosen) < N_CHOICES - 1 and rival in names and bare(names[rival]) not in taken:
            taken.add(bare(names[rival]))
            chosen.append(names[rival])
    return chosen


task = CldrNames()
