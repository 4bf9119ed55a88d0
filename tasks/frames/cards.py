"""Shared parts of the cards of benchmarks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from polyarena.tasks.card import Culture, Dataset, Provenance, TaskCard
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.multiple_choice import ACC, ACC_BYTES

_COMMIT = re.compile("[0-9a-f]{40}")

FIXED_LABELS_NOTE = (
    "Only acc is reported: the choices are the same labels for every item, and acc_bytes, which divides by their "
    "length, would prefer the longest label whatever is asked."
)
"""The note of a card whose choices are labels."""


_MEASURED = "with people's judgement of models in the language, Wu et al. 2025, arXiv 2504.15521"
LOCALISED = f"Benchmarks written in and for a language correlate 0.68 {_MEASURED}; this one was not measured by itself."
TRANSLATED = f"Benchmarks of knowledge that were translated correlate 0.47 {_MEASURED}."
SPANS = f"Benchmarks like XQuAD correlate 0.11 to 0.30 {_MEASURED}."
"""The predictive validity of kinds of benchmarks, for :attr:`polyarena.tasks.card.TaskCard.validity`."""


def by_language(names: str, irregular: Mapping[str, str] = MappingProxyType({})) -> Mapping[str, str]:
    """Return the config of each language by its ``lang_Script``, sorted.

    Args:
        names: Configs that :func:`find_language` understands (``sw``, ``swh_Latn``, ``Swahili``, ``SW_KE``), with
            spaces between.
        irregular: Those that it does not understand, by ``lang_Script``.

    Raises:
        UnknownNameError: A name means no language of the table.
        ValueError: Two configs are of one language.
    """
    pairs = [(find_language(name).code, name) for name in names.split()]
    pairs += [(find_language(code).code, name) for code, name in irregular.items()]
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"two configs are of one language: {sorted(pairs)}")
    return MappingProxyType(dict(sorted(pairs)))


def translated(languages: Iterable[str], how: Provenance) -> dict[str, Provenance]:
    """Return the provenance by language of items written in English and translated in the given way."""
    return {code: Provenance.NATIVE if code == "eng_Latn" else how for code in languages}


def card_on_split(card: TaskCard, split: str) -> TaskCard:
    """Return a card of the same task on another split of its data set; the version says so."""
    dataset = card.dataset.model_copy(update={"split": split})
    notes = f"{card.notes} Asked on the split {split!r} in place of {card.dataset.split!r}.".strip()
    return card.model_copy(update={"dataset": dataset, "version": f"{card.version}+{split}", "notes": notes})


def choice_card(
    name: str,
    title: str,
    dataset: Dataset,
    provenance: Mapping[str, Provenance],
    *,
    chance: float | None,
    version: str = "0.1",
    fixed_labels: bool = False,
    shared: str = "",
    shuffled: bool = False,
    culture: Culture = Culture.UNKNOWN,
    validity: str = "",
    notes: str = "",
    left_out: Mapping[str, str] = MappingProxyType({}),
    citation: str = "",
) -> TaskCard:
    """Return the card of a multiple-choice task; ``acc`` is the headline, as in what was published on these data.

    A revision that is not a commit gets a note that says so, and so do choices that are ``fixed_labels`` (see
    :attr:`polyarena.tasks.frames.multiple_choice.MultipleChoiceTask.fixed_labels`) in the default template.
    """
    notes = f"{notes} {FIXED_LABELS_NOTE}".strip() if fixed_labels else notes
    if not _COMMIT.fullmatch(dataset.revision):
        notes = f"{notes} The revision is the branch {dataset.revision!r}, not a verified commit of the hub.".strip()
    return TaskCard(
        name=name,
        version=version,
        title=title,
        kind=Kind.MULTIPLE_CHOICE,
        dataset=dataset,
        languages=tuple(sorted(provenance)),
        provenance=dict(provenance),
        metrics=(ACC,) if fixed_labels else (ACC, ACC_BYTES),
        shared=shared,
        shuffled=shuffled,
        culture=culture,
        validity=validity,
        chance=chance,
        notes=notes,
        left_out=dict(left_out),
        citation=citation,
    )
