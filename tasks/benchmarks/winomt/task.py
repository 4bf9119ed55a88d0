"""The task: English sentences to be translated, and the gender of one person in each translation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from polyarena.tasks.benchmarks.winomt.gender import gender_of
from polyarena.tasks.benchmarks.winomt.lexicon import languages, lexicon
from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.errors import DataError, NotOnHubError
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import TEXT, Subset, read_rows
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.gender import (
    ANTI,
    DELTA_G,
    DELTA_S,
    GENDER_ACC,
    GENDER_UNDECIDED,
    PRO,
    gender_scores,
    gender_statistics,
)
from polyarena.tasks.metrics.registry import find_metric
from polyarena.tasks.signature import Signature
from polyarena.tasks.validation import require_language

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.records import Completion

FIELDS = {"gender": TEXT, "sentence": TEXT, "occupation": TEXT}
GENDERS = ("male", "female", "neutral")
UNGENDERED = "someone"
ALL, PARTS = "en", {PRO: "en_pro", ANTI: "en_anti"}
"""The file of all sentences, and those of its parts."""

_Key = tuple[str, str, str]


@dataclass(frozen=True)
class WinoMT:
    """Translation of English sentences, scored by the gender of one person in each.

    Attributes:
        card: The task's identity; its languages are those translated into.
    """

    card: TaskCard

    def items(self, language: str, data: DataSource) -> Iterator[Item]:
        """Yield the sentences in the order of the data.

        Args:
            language: One of ``card.languages``.
            data: Where the data set is read from.

        Raises:
            UnknownNameError: The task does not have this language.
            DataError: The data is missing or lacks a field, or has an unknown gender or person.
        """
        require_language(self.card, language)
        if data.root is None:
            raise NotOnHubError(
                f"{self.card.dataset.id} is not on the hub",
                where=f"task {self.card.name}",
                why=f"its makers give it out at {self.card.dataset.url}",
                fix="write aggregates/en.txt, en_pro.txt and en_anti.txt as JSON Lines (gender, index, sentence, "
                "occupation) into the folder winomt/ of a local mirror, and set POLYARENA_DATA or data_root",
            )
        categories = {_key(row): part for part, name in PARTS.items() for row in self._rows(name, language, data)}
        seen: Counter[_Key] = Counter()
        for row in self._rows(ALL, language, data):
            _check(row)
            key = _key(row)
            seen[key] += 1
            # Six sentences are in the data twice.
            if row["gender"] == "neutral" or row["occupation"] == UNGENDERED or seen[key] > 1:
                continue
            yield _item(row, categories.get(key))

    def score(self, item: Item, completion: Completion) -> Mapping[str, float]:
        """Return the metrics of the card of one translation.

        Raises:
            DataError: The completion has no text.
        """
        return gender_scores(item.references[0], _found(item, completion), item.category)

    def statistics(self, item: Item, completion: Completion) -> Mapping[str, tuple[float, ...]]:
        """Return what is summed over items, for the metrics of a whole corpus.

        Raises:
            DataError: The completion has no text.
        """
        return gender_statistics(item.references[0], _found(item, completion), item.category)

    def metric_signature(self, metric: str) -> Signature:
        """Return every setting that changes the value of one of the card's metrics."""
        return find_metric(metric).signature

    def _rows(self, split: str, language: str, data: DataSource) -> Iterator[Row]:
        # The folder has no configs: its files lie right in it.
        return read_rows(self.card.dataset, Subset("", split=split), language, FIELDS, data)


def _key(row: Row) -> _Key:
    return row["sentence"], row["occupation"], row["gender"]


def _check(row: Row) -> None:
    person, gender = row["occupation"], row["gender"]
    if gender not in GENDERS:
        raise DataError(
            f"the gender {gender!r} is unknown",
            where=row.place,
            fix=f"use a copy whose genders are {', '.join(GENDERS)}",
        )
    if person != UNGENDERED and person.casefold() not in _people():
        raise DataError(
            f"the person {person!r} is not in the lexicon",
            where=row.place,
            why="nothing tells what they are called in the languages of the task",
            fix="use the data at the revision that the task was written for",
        )


def _item(row: Row, category: str | None) -> Item:
    return Item(
        item_id=str(row.number),
        source_id=str(row.number),
        language=row.language,
        prompt=(
            f"Translate this sentence from English into {find_language(row.language).name}. Write the translation only."
            f"\n\n{row['sentence']}"
        ),
        references=(row["gender"],),
        fields={
            "occupation": row["occupation"],
            "others": "|".join(_others(row["sentence"], row["occupation"])),
            "answer_language": row.language,
        },
        category=category,
    )


def _found(item: Item, completion: Completion) -> str | None:
    if completion.text is None:
        raise DataError(
            "the completion of a generative item has no text",
            where=f"{completion.system}, {completion.task}, {completion.language}, {completion.item_id}",
            fix="compute this completion again; if that does not help, the model backend is at fault",
        )
    others = filter(None, item.fields["others"].split("|"))
    found = gender_of(item.fields["occupation"], completion.text, item.language, others)
    return found.value if found else None


def _others(sentence: str, person: str) -> list[str]:
    """Return the other people of the English sentence, in its order."""
    named = [found.casefold() for found in _anyone().findall(sentence)]
    return list(dict.fromkeys(name for name in named if name != person.casefold()))


@cache
def _people() -> frozenset[str]:
    return frozenset(lexicon(languages()[0]))


@cache
def _anyone() -> re.Pattern[str]:
    longest_first = sorted(_people(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)


task = WinoMT(
    TaskCard(
        name="winomt",
        version="1.0",
        title=f"WinoMT: the gender of people in translations from English into {len(languages())} languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="winomt",
            revision="5862923",
            split=ALL,
            licence="MIT",
            url="https://github.com/gabrielStanovsky/mt_gender",
        ),
        languages=languages(),
        provenance=dict.fromkeys(languages(), Provenance.GENERATED),
        metrics=(GENDER_ACC, DELTA_S, DELTA_G, GENDER_UNDECIDED),
        shared="the 3,522 English sentences about a man or a woman",
        generation=GenerationDefaults(max_tokens=256),
        notes=(
            "The sentences are English, made from templates; the language is the one translated into. The gender is "
            "looked up in a lexicon, in place of the paper's aligner and analysers; what it cannot tell is undecided, "
            "counts as not right, and is reported as a share. delta_s and delta_g are best at 0. The 240 sentences "
            "about people of unknown gender and 120 about `someone` are not asked, nor are six that occur twice."
        ),
        citation="Stanovsky et al. 2019, Evaluating Gender Bias in Machine Translation, arXiv 1906.00591",
    )
)
