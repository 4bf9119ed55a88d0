"""What holds for all tasks whose answers are generated, be they scored or judged."""

import re
from collections import Counter

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks import (
    afrimgsm,
    afriqa,
    aya_evaluation_suite,
    aya_redteaming,
    blend,
    flores,
    global_mgsm,
    global_piqa,
    indicgenbench,
    language_confusion,
    m_arenahard,
    m_arenahard_v2,
    mgsm,
    mlogiqa,
    mmlu_prox,
    mt_aime2024,
    multijail,
    ntrex,
    polymath,
    tatoeba,
    tiny_aya_prompts,
    tydiqa_goldp,
    wmt24pp,
    xlsum,
    xquad,
    xstest,
)
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.frames.generative import TemplatedTask
from polyarena.tasks.frames.rows import UNPINNED
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import all_languages, select_languages
from polyarena.tasks.records import Completion

SCORED = [
    flores.from_english,
    flores.to_english,
    ntrex.from_english,
    ntrex.to_english,
    wmt24pp.from_english,
    wmt24pp.to_english,
    mgsm.task,
    global_mgsm.task,
    afrimgsm.task,
    tydiqa_goldp.task,
    xquad.task,
    xlsum.task,
    language_confusion.task,
    polymath.task,
    mt_aime2024.task,
    blend.short,
    afriqa.task,
    indicgenbench.xquad_in,
    indicgenbench.xorqa_in,
    indicgenbench.flores_in_from_english,
    indicgenbench.flores_in_to_english,
    tatoeba.from_english,
    tatoeba.to_english,
    global_piqa.parallel_generated,
    global_piqa.nonparallel_generated,
    mmlu_prox.generated,
    mmlu_prox.lite_generated,
    mlogiqa.generated,
]
JUDGED = [
    m_arenahard.task,
    m_arenahard_v2.task,
    tiny_aya_prompts.m_arenahard_v21,
    tiny_aya_prompts.dolly_v2,
    aya_evaluation_suite.human_annotated,
    aya_evaluation_suite.dolly_human_edited,
    aya_evaluation_suite.dolly_machine_translated,
    multijail.task,
    aya_redteaming.task,
    xstest.task,
]
EVERY = every_case("task", [*SCORED, *JUDGED], ids=lambda task: task.card.name)
EACH_SCORED = every_case("task", SCORED, ids=lambda task: task.card.name)
FAMILIES = [task for task in SCORED if getattr(task, "templates", ())]


def test_names_are_unique():
    counts = Counter(task.card.name for task in [*SCORED, *JUDGED])
    assert set(counts.values()) == {1}


@EVERY
def test_cards_are_complete(task):
    card = task.card
    known = {language.code for language in all_languages()}
    assert card.kind is (Kind.GENERATIVE if task in SCORED else Kind.OPEN_ENDED)
    assert set(card.languages) <= known
    assert list(card.languages) == sorted(set(card.languages))
    assert set(card.provenance) == set(card.languages)
    assert not set(card.left_out) & set(card.languages)
    assert card.dataset.licence
    assert card.dataset.url.endswith(card.dataset.id)
    assert re.search(r"arXiv \d{4}\.\d{5}|aclanthology", card.citation)


@EVERY
def test_a_revision_is_a_commit_or_the_card_says_so(task):
    pinned = re.fullmatch("[0-9a-f]{12}|[0-9a-f]{40}", task.card.dataset.revision) is not None
    said = UNPINNED in task.card.notes or "not a verified commit" in task.card.notes
    assert pinned is not said


@EACH_SCORED
def test_every_metric_has_a_signature(task):
    for metric in task.card.metrics:
        assert str(task.metric_signature(metric)).startswith(f"metric:{metric}")


@EACH_SCORED
def test_an_unknown_metric_has_none(task):
    with pytest.raises(UnknownNameError, match="metric"):
        str(task.metric_signature("bleu"))


@EACH_SCORED
def test_items_without_references_are_not_scored(task):
    task = getattr(task, "characters", None) or task
    item = Item("1", "1", task.card.languages[0], "?")
    completion = Completion("s", task.card.name, item.language, "1", 0, "1", "?", text="!")
    if task.card.name == "language_confusion":
        # It compares an answer with its prompt's language, and with no reference.
        assert task.score(item, completion) == {}
        return
    with pytest.raises(DataError, match="no references"):
        task.score(item, completion)


def test_each_of_the_99_has_two_generative_tasks():
    counts = Counter(code for task in SCORED for code in task.card.languages)
    lacking = [language.code for language in select_languages("aya99") if counts[language.code] < 2]
    assert lacking == []


def test_most_of_the_99_have_an_open_ended_task():
    judged = {code for task in JUDGED for code in task.card.languages}
    lacking = {language.code for language in select_languages("aya99")} - judged
    assert lacking == {"nya_Latn", "ory_Orya", "twi_Latn"}


@every_case("task", FAMILIES, ids=lambda task: task.card.name)
def test_families_are_named_after_their_templates(task):
    default, *others = task.templates
    assert task.variant(default).card == task.card
    assert "." not in task.card.name
    for name in others:
        assert task.variant(name).card.name == f"{task.card.name}.{name}"
        assert task.variant(name).card.languages == task.card.languages
        assert task.variant(name).card.metrics[0] == task.card.metrics[0]


def test_a_family_is_its_first_member():
    family = TemplatedTask({"direct": mgsm.task.variant("direct"), "reasoned": mgsm.task.variant("reasoned")})
    assert family.templates == ("direct", "reasoned")
    assert family.card.name == "mgsm.direct"
    item = Item("1", "1", "eng_Latn", "?", references=("18",))
    completion = Completion("s", "mgsm", "eng_Latn", "1", 0, "1", "?", text="18")
    assert family.score(item, completion) == mgsm.task.score(item, completion) == {"numeric_match": 1.0}
