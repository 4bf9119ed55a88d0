"""BLEnD: questions about everyday life in 16 regions, answered by people who live there.

The data set is nayeon212/BLEnD (Myung et al. 2024, arXiv 2406.09948), in two parts:

* ``blend_short``: about 500 questions for each region, asked in its language, each answered by five people in their own
  words. Two regions of one language (the Koreas, Spain and Mexico, the United States and Britain) are its two
  categories. As in the authors' script, a question is left out where nobody answered, three of the five said that there
  is no answer or that the question does not apply, or all five did not know.
* ``blend_choice``: multiple choice in English made of them; the wrong answers are those of other regions. Many of its
  items are made of one question; they share a ``source_id``, so that intervals are not too narrow.

The authors compare the lemmas of short answers with nine lemmatizers; here words are compared as in SQuAD, and numbers
do not compare with published ones. Tiny Aya has the answers judged by a model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from polyarena.tasks.card import Culture, Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import LOCALISED, choice_card
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.multiple_choice import ALPHABET, MultipleChoiceTask, exam_prompt, source_from_fields
from polyarena.tasks.frames.question_answering import METRICS
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import ANY, OBJECT, TEXT, UNPINNED, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.question_answering import answer_scores

REGIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "amh_Ethi": ("ET",),
        "arb_Arab": ("DZ",),
        "asm_Beng": ("AS",),
        "azj_Latn": ("AZ",),
        "ell_Grek": ("GR",),
        "eng_Latn": ("US", "GB"),
        "hau_Latn": ("NG",),
        "ind_Latn": ("ID",),
        "kor_Hang": ("KR", "KP"),
        "pes_Arab": ("IR",),
        "spa_Latn": ("ES", "MX"),
        "sun_Latn": ("JB",),
        "zho_Hans": ("CN",),
    }
)
"""The splits of each language."""
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "AS": "Assam",
        "AZ": "Azerbaijan",
        "CN": "China",
        "DZ": "Algeria",
        "ES": "Spain",
        "ET": "Ethiopia",
        "GB": "United Kingdom",
        "GR": "Greece",
        "ID": "Indonesia",
        "IR": "Iran",
        "JB": "West Java",
        "KP": "North Korea",
        "KR": "South Korea",
        "MX": "Mexico",
        "NG": "Northern Nigeria",
        "US": "United States",
    }
)
NO_ANSWER, UNKNOWN = 3, 5
"""How many of five people must say that there is no answer, or not know one, for a question to be left out."""

DATASET = Dataset(
    id="nayeon212/BLEnD",
    revision="main",
    licence="CC-BY-SA-4.0",
    url="https://huggingface.co/datasets/nayeon212/BLEnD",
)
_CITATION = "Myung et al. 2024, BLEnD, arXiv 2406.09948"


def answers(row: Row) -> tuple[str, ...]:
    """Return all answers that people gave, those of most people first, each once.

    Raises:
        DataError: The annotations are not a list of answers.
    """
    given: list[str] = []
    if not isinstance(row["annotations"], list | tuple):
        raise row.refused("the field 'annotations' is not a list of answers", row["annotations"])
    for each in row["annotations"]:
        texts = each.get("answers") if isinstance(each, Mapping) else None
        if not isinstance(texts, Sequence) or isinstance(texts, str):
            raise row.refused("the field 'annotations' is not a list of answers", row["annotations"])
        given += [str(text).strip() for text in texts if str(text).strip()]
    return tuple(dict.fromkeys(given))


def answerable(row: Row) -> bool:
    """Return whether people of the region could answer the question."""
    without = _people(row, "no-answer") + _people(row, "not-applicable")
    return bool(answers(row)) and without < NO_ANSWER and _people(row, "idk") < UNKNOWN


def _people(row: Row, reason: str) -> int:
    """Return how many people gave a reason for not answering; some rows lack one, and some have misspelt ones."""
    count = row["idks"].get(reason) or 0
    if not isinstance(count, int | float) or count != count or count < 0:
        raise row.refused(f"the field 'idks' has no number of people under {reason!r}", row["idks"])
    return int(min(count, UNKNOWN))


def _item(row: Row) -> Item:
    name = f"{row.split}:{row['ID']}"
    return Item(
        item_id=name,
        source_id=name,
        language=row.language,
        prompt=(
            f"Answer the question in {find_language(row.language).name} with a word or a short phrase, and nothing "
            f"else.\n\nQuestion: {row['question'].strip()}\n\nAnswer:"
        ),
        references=answers(row),
        category=NAMES[row.split],
    )


short = GenerativeTask(
    TaskCard(
        name="blend_short",
        version="1.0",
        title=f"BLEnD: everyday life in {len(NAMES)} regions, short answers in {len(REGIONS)} languages",
        kind=Kind.GENERATIVE,
        dataset=DATASET,
        languages=tuple(REGIONS),
        provenance=dict.fromkeys(REGIONS, Provenance.NATIVE),
        metrics=METRICS,
        generation=GenerationDefaults(max_tokens=64),
        notes=(
            "Culturally sensitive throughout: the same question has other answers in each region, which is the "
            "category. Questions were written by people of the regions and translated into the languages of the "
            "others by people; all answers are of the region. Several answers are right. Words are compared, not "
            "lemmas: numbers do not compare with published ones. "
            f"{UNPINNED}"
        ),
        culture=Culture.SENSITIVE,
        validity=LOCALISED,
        citation=_CITATION,
    ),
    RowReader(
        {code: tuple(Subset("annotations", split=region) for region in regions) for code, regions in REGIONS.items()},
        {"ID": TEXT, "question": TEXT, "annotations": ANY, "idks": OBJECT},
        _item,
        asked=answerable,
    ),
    answer_scores,
)
"""Short answers in the language of each region."""

_REQUEST = " Without any explanation"


def choices(row: Row) -> tuple[str, ...]:
    """Return the answers of a multiple-choice row.

    Raises:
        DataError: The field is not a JSON object from letters to texts.
    """
    try:
        listed = json.loads(row.text("choices"))
    except ValueError:
        listed = None
    letters = list(listed) if isinstance(listed, Mapping) else []
    if len(letters) < 2 or letters != list(ALPHABET[: len(letters)]):
        raise row.refused("the field 'choices' is not a JSON object from letters to answers", row.values["choices"])
    return tuple(str(text).strip() for text in listed.values())


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask the question without the authors' request for JSON, and list the answers after letters."""
    question, found, _ = row.text("prompt").partition(_REQUEST)
    if not found:
        raise row.refused(f"the field 'prompt' does not contain {_REQUEST.strip()!r}", row.values["prompt"])
    return exam_prompt(question, choices(row))


choice = MultipleChoiceTask(
    card=choice_card(
        "blend_choice",
        f"BLEnD: everyday life in {len(NAMES) + 1} regions, multiple choice in English",
        DATASET,
        {"eng_Latn": Provenance.NATIVE},
        chance=1 / 4,
        notes=(
            "Culturally sensitive throughout: the wrong answers are right in other regions. The category is the "
            "region. The full set has hundreds of thousands of items, made of a few thousand questions: set a limit."
        ),
        culture=Culture.SENSITIVE,
        validity=LOCALISED,
        citation=_CITATION,
    ),
    configs={"eng_Latn": "multiple-choice-questions"},
    fields=("MCQID", "ID", "country", "prompt", "choices", "answer_idx"),
    prompts={"exam": exam},
    gold=lambda row: row.gold("answer_idx", ALPHABET[: len(choices(row))]),
    source=source_from_fields("MCQID", "country"),
    cluster=source_from_fields("ID", "country"),
    category=lambda row: row.text("country").replace("_", " "),
)
"""Multiple choice in English."""
