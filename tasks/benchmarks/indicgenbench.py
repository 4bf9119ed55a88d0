"""IndicGenBench: questions and translation in the languages of India (Singh et al. 2024, arXiv 2404.16816).

Three of its four parts, translated from English by professionals; the fourth, CrossSum-IN, is of XL-Sum, whose licence
forbids commercial use, and is left out:

* ``xquad_in``: questions of SQuAD on passages, both in the language.
* ``xorqa_in``: questions in the language on passages in English, answered in the language.
* ``flores_in_from_english``, ``flores_in_to_english``: sentences of FLORES-200's devtest.

Each part has one table of all languages, whose rows are nested under ``examples``. Of its 29 languages those of our
table are asked. XQuAD-IN is parallel by ``id``; FLORES-IN by the English sentence, and XorQA-IN by the English passage
and answer, of which digests are the source ids. The canary in each row asks that nothing be trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.cards import SPANS, by_language
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.question_answering import METRICS
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import OBJECT, UNPINNED, RowReader, Subset, Values, read_rows, refuse_repeat
from polyarena.tasks.frames.translation import METRICS as TRANSLATION
from polyarena.tasks.frames.translation import Pair, TranslationTask, translation_task
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.question_answering import answer_scores

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource

XQUAD = by_language("as bn gu kn ml mr or pa ta te ur")
XORQA = by_language("as bn en gu hi kn ml mni mr or pa ps ta te ur")
FLORES = by_language("as bn gu hi kn ml mni mr ne or pa ps ta te ur")
"""What each part calls a language."""
FIELDS = {"examples": OBJECT}
_CITATION = "Singh et al. 2024, IndicGenBench, arXiv 2404.16816"
_NOTES = f"Translated from English by professionals. Languages that are not in our table are left out. {UNPINNED}"


def _dataset(part: str) -> Dataset:
    name = f"google/IndicGenBench_{part}"
    return Dataset(id=name, revision="main", licence="CC-BY-SA-4.0", url=f"https://huggingface.co/datasets/{name}")


def _language(row: Values) -> str:
    nested = row["examples"]
    if not isinstance(nested, Mapping):
        raise DataError(
            "the field 'examples' is not an object",
            where="IndicGenBench",
            why=f"it is {nested!r}",
            fix="copy or download the data set again, with its rows nested under 'examples'",
        )
    return str(nested.get("lang"))


def _nested(row: Row) -> Row:
    """Return the row that is nested in a row."""
    return Row(row["examples"], row.language, row.position, row.place, row.revision)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _texts(row: Row, field: str) -> tuple[str, ...]:
    listed: Any = row.values.get(field)
    if not isinstance(listed, list | tuple) or not all(isinstance(each, Mapping) and "text" in each for each in listed):
        raise row.refused(f"the field {field!r} is not a list of answers", listed)
    return tuple(dict.fromkeys(str(each["text"]).strip() for each in listed if str(each["text"]).strip()))


def _prompt(row: Row, passage: str) -> str:
    name = find_language(row.language).name
    where = f"Read the passage{passage} and answer the question about it in {name}."
    return (
        f"{where} Answer with a few words and nothing else.\n\nPassage: {row.text('context').strip()}\n\n"
        f"Question: {row.text('question').strip()}\n\nAnswer:"
    )


def _xquad(outer: Row) -> Item:
    row = _nested(outer)
    name = row.text("id")
    return Item(name, name, row.language, _prompt(row, ""), references=_texts(row, "answers"))


def _xorqa(outer: Row) -> Item:
    row = _nested(outer)
    english = _texts(row, "answers")
    return Item(
        item_id=str(row.number),
        source_id=_digest(row.text("context"), *english),
        language=row.language,
        prompt=_prompt(row, " in English"),
        references=english if row.language == "eng_Latn" else _texts(row, "translated_answers"),
    )


def _answered(field: str) -> Callable[[Row], bool]:
    return lambda row: bool(_texts(_nested(row), field))


def _questions(
    part: str,
    title: str,
    configs: Mapping[str, str],
    build: Callable[[Row], Item],
    how: Mapping[str, Provenance],
    shared: str,
) -> GenerativeTask:
    card = TaskCard(
        name=part,
        version="1.0",
        title=f"{title} in {len(configs)} languages",
        kind=Kind.GENERATIVE,
        dataset=_dataset(part),
        languages=tuple(configs),
        provenance=dict(how),
        metrics=METRICS,
        shared=shared,
        generation=GenerationDefaults(max_tokens=64),
        notes=_NOTES,
        validity=SPANS if part == "xquad_in" else "",
        citation=_CITATION,
    )
    parts = {code: Subset("default", label=config) for code, config in configs.items()}
    return GenerativeTask(card, RowReader(parts, FIELDS, build, _language, asked=_answered("answers")), answer_scores)


xquad_in = _questions(
    "xquad_in",
    "XQuAD-IN: questions about passages of Wikipedia",
    XQUAD,
    _xquad,
    dict.fromkeys(XQUAD, Provenance.HUMAN),
    "the questions, by id; those of XQuAD have the same ids",
)
"""Questions on passages in the language."""
xorqa_in = _questions(
    "xorqa_in",
    "XorQA-IN: questions about English passages",
    XORQA,
    _xorqa,
    MappingProxyType({code: Provenance.NATIVE if code == "eng_Latn" else Provenance.HUMAN for code in XORQA}),
    "the questions, by their English passage and answer",
)
"""Questions on passages in English, answered in the language."""


def _pairs(direction: str) -> Callable[[str, DataSource], Iterator[Pair]]:
    """Return what yields the sentences of one language that the data set has in a direction (``enxx`` or ``xxen``)."""

    def pairs(language: str, data: DataSource) -> Iterator[Pair]:
        seen: dict[str, str] = {}
        part = Subset("default", label=f"{FLORES[language]}:{direction}")
        for outer in read_rows(_dataset("flores_in"), part, language, FIELDS, data, _direction):
            row = _nested(outer)
            texts = (row.text("source").strip(), row.text("target").strip())
            english, other = texts if direction == "enxx" else texts[::-1]
            name = _digest(english)
            refuse_repeat(name, seen, row.place)
            yield Pair(name, other, english)

    return pairs


def _direction(row: Values) -> str:
    return f"{_language(row)}:{row['examples'].get('translation_direction')}"


def _translation(name: str, title: str, direction: str, languages: Iterable[str]) -> TranslationTask:
    card = TaskCard(
        name=name,
        version="1.0",
        title=title,
        kind=Kind.GENERATIVE,
        dataset=_dataset("flores_in"),
        languages=tuple(languages),
        provenance=dict.fromkeys(languages, Provenance.HUMAN),
        metrics=TRANSLATION,
        shared="the sentences, by the English one",
        generation=GenerationDefaults(max_tokens=512),
        notes=f"The sentences of FLORES-200 in the languages that it has. {_NOTES}",
        citation=_CITATION,
    )
    return translation_task(card, _pairs(direction), into_english=direction == "xxen")


flores_in_from_english = _translation(
    "flores_in_from_english", f"FLORES-IN: sentences from English into {len(FLORES)} languages", "enxx", FLORES
)
flores_in_to_english = _translation(
    "flores_in_to_english", f"FLORES-IN: sentences from {len(FLORES)} languages into English", "xxen", FLORES
)
