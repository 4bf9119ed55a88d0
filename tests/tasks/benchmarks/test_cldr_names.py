"""The items of cldr_names: four fair choices, parallel, balanced, the same each time."""

import math
import random
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks.cldr_names import task
from polyarena.tasks.benchmarks.cldr_names.concepts import Category, all_concepts, gold_position, rivals
from polyarena.tasks.benchmarks.cldr_names.coverage import MIN_ITEMS, aya_coverage
from polyarena.tasks.card import Provenance
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

every_language = every_case("language", task.card.languages)


def items(language):
    return validate_items(task, language, task.items(language, DataSource(None)))


def answer(item, loglikelihoods):
    lengths = tuple(len(choice.encode()) for choice in item.choices)
    return Completion(
        "s", "cldr_names", item.language, item.item_id, 0, item.source_id, item.prompt,
        loglikelihoods=tuple(loglikelihoods), choice_bytes=lengths,
    )  # fmt: skip


def test_it_is_a_task():
    assert isinstance(task, Task)
    assert task.card.kind is Kind.MULTIPLE_CHOICE
    assert task.card.metrics == ("acc_bytes", "acc")
    assert task.card.chance == 0.25
    assert set(task.card.provenance.values()) == {Provenance.HUMAN}


def test_every_language_of_the_101_is_covered_or_has_a_reason():
    known = {language.code for language in select_languages("aya101")}
    assert known == set(task.card.languages) | set(task.card.left_out)
    assert not set(task.card.languages) & set(task.card.left_out)
    assert len(known) == 101
    assert len(task.card.languages) >= 85
    assert list(task.card.languages) == sorted(task.card.languages)
    assert all(task.card.left_out.values())


def test_concepts_are_as_many_as_the_card_says():
    counts = Counter(concept.category for concept in all_concepts())
    assert counts == {Category.MONTH: 12, Category.WEEKDAY: 7, Category.TERRITORY: 30, Category.LANGUAGE: 28}
    assert len({concept.source_id for concept in all_concepts()}) == len(all_concepts())
    assert str(len(all_concepts())) in task.card.shared


def test_source_ids_read_well():
    ids = {concept.source_id for concept in all_concepts()}
    assert {"territory:JP", "month:3", "weekday:1", "language:fr"} <= ids


def test_gold_positions_are_balanced():
    assert sorted(Counter(map(gold_position, all_concepts())).values()) == [19, 19, 19, 20]
    for category in Category:
        counts = Counter(gold_position(concept) for concept in all_concepts() if concept.category is category)
        assert set(counts) == {0, 1, 2, 3}
        assert max(counts.values()) - min(counts.values()) <= 1


def test_rivals_are_all_others_of_the_category():
    for concept in all_concepts():
        assert set(rivals(concept)) == {each for each in all_concepts() if each.category is concept.category} - {
            concept
        }


@every_language
def test_items_are_sound(language):
    found = items(language)
    assert len(found) >= MIN_ITEMS
    for item in found:
        assert len(item.choices) == 4
        assert len({choice.casefold() for choice in item.choices}) == 4
        assert item.item_id == item.source_id
        assert item.item_id.startswith(item.fields["kind"] + ":")
        assert item.prompt.endswith("\nAnswer:")
        assert not set(item.choices) & set(item.prompt.split())
        assert all(choice == choice.strip() for choice in item.choices)


@every_language
def test_the_gold_is_the_name_of_the_concept(language):
    names = {concept.source_id: name for concept, name in aya_coverage()[language].names.items()}
    for item in items(language):
        assert item.choices[item.gold] == names[item.source_id]
        # Distractors are names of other concepts of the same category in the same language.
        kin = {name for source, name in names.items() if source.startswith(item.fields["kind"])}
        assert set(item.choices) <= kin


@every_language
def test_a_small_limit_has_all_categories_and_no_place_is_favoured(language):
    found = items(language)
    assert len({item.fields["kind"] for item in found[:12]}) == 4
    share = Counter(item.gold for item in found)
    assert max(share.values()) <= 0.35 * len(found)


def test_items_keep_their_order_across_languages():
    order = {concept.source_id: place for place, concept in enumerate(all_concepts())}
    for language in task.card.languages:
        places = [order[item.source_id] for item in items(language)]
        assert all(before < after for before, after in pairwise(places))


def test_fully_covered_languages_have_the_same_items_and_distractors():
    full = [language for language in task.card.languages if len(aya_coverage()[language].names) == len(all_concepts())]
    assert len(full) >= 30

    def concepts_asked(language):
        names = aya_coverage()[language].names
        back = {(c.category, name): c.source_id for c, name in names.items()}
        return [
            [back[Category[item.fields["kind"].upper()], choice] for choice in item.choices] for item in items(language)
        ]

    reference = concepts_asked("rus_Cyrl")
    same = [language for language in full if concepts_asked(language) == reference]
    assert len(same) >= 0.9 * len(full)


def test_known_names():
    by_id = {item.source_id: item for item in items("swh_Latn")}
    japan = by_id["territory:JP"]
    assert japan.choices[japan.gold] == "Japani"
    assert japan.prompt == 'Question: What is the country "Japan" called in Swahili?\nAnswer:'
    monday = by_id["weekday:1"]
    assert monday.choices[monday.gold] == "Jumatatu"


@every_case(
    ("language", "source_id", "name"),
    [
        ("ces_Latn", "month:1", "leden"),  # not "ledna", the form within dates
        ("deu_Latn", "weekday:7", "Sonntag"),
        ("nob_Latn", "territory:DE", "Tyskland"),
        ("srp_Cyrl", "territory:DE", "Немачка"),
        ("zho_Hans", "territory:US", "美国"),
        ("jpn_Jpan", "weekday:1", "月曜日"),
        ("hin_Deva", "month:8", "अगस्त"),
        ("pes_Arab", "territory:DE", "آلمان"),
        ("kor_Hang", "language:fr", "프랑스어"),
        ("twi_Latn", "weekday:1", "Dwoada"),
    ],
)
def test_names_that_are_known_otherwise(language, source_id, name):
    item = next(item for item in items(language) if item.source_id == source_id)
    assert item.choices[item.gold] == name


def test_scoring():
    item = items("swh_Latn")[0]
    sure = [-1.0 if place == item.gold else -90.0 for place in range(4)]
    assert task.score(item, answer(item, sure)) == {"acc_bytes": 1.0, "acc": 1.0}
    assert task.score(item, answer(item, [-value for value in reversed(range(4))]))["acc"] in (0.0, 1.0)
    with pytest.raises(DataError, match="not a number"):
        task.score(item, answer(item, [math.nan] * 4))


def test_guessing_scores_chance_in_every_language_together():
    generator = random.Random(0)
    scores = [
        task.score(item, answer(item, [generator.uniform(-9, -1) * len(choice.encode()) for choice in item.choices]))
        for language in task.card.languages
        for item in items(language)
    ]
    assert len(scores) > 6000
    mean = sum(score["acc_bytes"] for score in scores) / len(scores)
    assert abs(mean - 0.25) < 4 * math.sqrt(0.25 * 0.75 / len(scores))


@every_case("language", ["eng_Latn", "hrv_Latn", "swh"])
def test_a_language_that_is_not_covered_is_refused(language):
    with pytest.raises(UnknownNameError, match="cldr_names"):
        items(language)


def test_another_process_makes_the_same_items_without_heavy_imports():
    program = (
        "import sys; from polyarena.tasks.benchmarks.cldr_names import task;"
        "print(hash_of := __import__('hashlib').sha256(repr([list(task.items(l, None)) for l in task.card.languages])"
        ".encode()).hexdigest()); print(sorted({'torch', 'pandas', 'pyarrow', 'datasets'} & set(sys.modules)))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert runs[0].splitlines()[1] == "[]"
