"""FLORES+ in both directions: on the 204 real sentences of 99 languages, and on data that is not as it should be."""

import math

import pytest

from polyarena.tasks.benchmarks.flores import DATASET, ENGLISH, LANGUAGES, RENAMED, config_of, from_english, to_english
from polyarena.tasks.card import Provenance
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

BOTH = pytest.mark.parametrize("task", [from_english, to_english], ids=lambda task: task.card.name)


def row(number, text, code="eng_Latn"):
    spoken, _, script = code.partition("_")
    return {
        "id": number,
        "iso_639_3": spoken,
        "iso_15924": script,
        "glottocode": "stan1293",
        "text": text,
        "url": "https://en.wikinews.org/wiki/x",
        "domain": "wikinews",
        "topic": "politics",
        "has_image": "no",
        "has_hyperlink": "no",
        "last_updated": "1.0",
    }


@pytest.fixture
def pair(hub_copy):
    english = [row(1, "One."), row(2, "Two."), row(3, "Three.")]
    german = [row(3, "Drei.", "deu_Latn"), row(1, "Eins.", "deu_Latn")]
    return hub_copy(DATASET, {"eng_Latn": english, "deu_Latn": german})


def answered(task, item, text):
    return Completion("system", task.card.name, item.language, item.item_id, 0, item.source_id, item.prompt, text=text)


@BOTH
def test_it_is_a_task_of_98_languages(task):
    assert isinstance(task, Task)
    assert task.card.kind is Kind.GENERATIVE
    assert task.card.metrics == ("chrf++", "spbleu")
    assert task.card.dataset.split == "devtest"
    wanted = {language.code for language in select_languages("aya99")} - {ENGLISH}
    assert set(task.card.languages) == wanted
    assert len(task.card.languages) == 98
    assert set(task.card.provenance.values()) == {Provenance.HUMAN}
    assert set(task.card.left_out) == {"fry_Latn", "lat_Latn"}


def test_the_two_directions_have_names_of_their_own():
    names = [task.card.name for task in (from_english, to_english, from_english.characters, to_english.characters)]
    assert len(set(names)) == 4


@BOTH
def test_a_variant_needs_no_download(task):
    assert task.templates == ("pieces", "characters")
    assert task.variant("pieces") is task
    offline = task.variant("characters")
    assert offline.card.name == f"{task.card.name}.characters"
    assert offline.card.metrics == ("chrf++", "bleu_char")
    assert offline.into_english is task.into_english
    assert offline.templates == ()
    with pytest.raises(UnknownNameError, match="did you mean 'pieces'"):
        task.variant("piece")


@BOTH
def test_real_sentences_are_parallel_in_all_languages(hub, task):
    first = [item.source_id for item in validate_items(task, "swh_Latn", task.items("swh_Latn", hub))]
    assert len(first) == 204
    for language in task.card.languages:
        items = validate_items(task, language, task.items(language, hub))
        assert [item.source_id for item in items] == first
        assert all(len(item.references) == 1 and item.references[0].strip() for item in items)


def test_the_directions_mirror_each_other(hub):
    there = list(from_english.items("tha_Thai", hub))
    back = list(to_english.items("tha_Thai", hub))
    for out, home in zip(there, back, strict=True):
        assert out.prompt.endswith(home.references[0])
        assert home.prompt.endswith(out.references[0])
        assert out.item_id == home.item_id


@BOTH
def test_pairs_are_made_by_id_not_by_row(pair, task):
    items = list(task.items("deu_Latn", pair))
    assert [item.item_id for item in items] == ["3", "1"]
    texts = {(item.prompt.rpartition("\n")[2], item.references[0]) for item in items}
    wanted = {("Three.", "Drei."), ("One.", "Eins.")}
    assert texts == ({(theirs, ours) for ours, theirs in wanted} if task.into_english else wanted)


def test_prompts_name_the_languages_in_the_right_order(pair):
    assert "from English into German" in next(from_english.items("deu_Latn", pair)).prompt
    assert "from German into English" in next(to_english.items("deu_Latn", pair)).prompt


def test_items_say_in_which_language_the_answer_is(pair):
    assert next(from_english.items("deu_Latn", pair)).fields["answer_language"] == "deu_Latn"
    assert next(to_english.items("deu_Latn", pair)).fields["answer_language"] == "eng_Latn"


def test_a_sentence_without_counterpart_is_refused(hub_copy):
    data = hub_copy(DATASET, {"eng_Latn": [row(1, "One.")], "deu_Latn": [row(1, "Eins."), row(9, "Neun.")]})
    with pytest.raises(DataError, match="'9' has no English counterpart"):
        list(from_english.items("deu_Latn", data))


def test_a_repeated_id_is_refused(hub_copy):
    data = hub_copy(DATASET, {"eng_Latn": [row(1, "One.")], "deu_Latn": [row(1, "Eins."), row(1, "Ein.")]})
    with pytest.raises(DataError, match="'1' occurs twice"):
        list(to_english.items("deu_Latn", data))


def test_a_renamed_field_is_named(hub_copy):
    broken = {"id": 1, "sentence": "Eins."}
    data = hub_copy(DATASET, {"eng_Latn": [row(1, "One.")], "deu_Latn": [broken]})
    with pytest.raises(DataError, match="'text' is missing"):
        list(from_english.items("deu_Latn", data))


def test_english_into_english_is_refused(pair):
    with pytest.raises(UnknownNameError, match="eng_Latn"):
        list(from_english.items("eng_Latn", pair))


@pytest.mark.parametrize(("language", "config"), RENAMED.items())
def test_the_names_of_the_hub(language, config, tmp_path):
    assert language in LANGUAGES
    assert config_of(language, DataSource(None)) == config
    assert config_of(language, DataSource(tmp_path)) == config
    (tmp_path / DATASET.id / language).mkdir(parents=True)
    assert config_of(language, DataSource(tmp_path)) == language


def test_languages_that_are_not_renamed_have_our_name():
    assert len(RENAMED) == 4
    for language in set(LANGUAGES) - set(RENAMED):
        assert config_of(language, DataSource(None)) == language


def test_a_mirror_with_the_names_of_the_hub(hub_copy):
    data = hub_copy(DATASET, {"eng_Latn": [row(1, "One.")], "cmn_Hans": [row(1, "一。", "cmn_Hans")]})
    (item,) = from_english.items("zho_Hans", data)
    assert (item.language, item.references) == ("zho_Hans", ("一。",))


@pytest.mark.parametrize("language", ["swh_Latn", "tha_Thai", "zho_Hans", "arb_Arab", "amh_Ethi"])
def test_scores_of_real_sentences(hub, language):
    task = from_english.characters
    first, second = list(task.items(language, hub))[:2]
    perfect = task.score(first, answered(task, first, first.references[0]))
    assert set(perfect) == set(task.card.metrics)
    assert perfect == pytest.approx(dict.fromkeys(task.card.metrics, 100.0))
    wrong = task.score(first, answered(task, first, second.references[0]))
    assert all(wrong[metric] < 60 for metric in task.card.metrics)
    assert task.score(first, answered(task, first, ""))["chrf++"] == 0


def test_statistics_have_one_tuple_for_each_metric(hub):
    task = to_english.characters
    item = next(task.items("yor_Latn", hub))
    found = task.statistics(item, answered(task, item, item.references[0]))
    assert set(found) == set(task.card.metrics)
    assert all(value and all(math.isfinite(number) for number in value) for value in found.values())
    assert found == task.statistics(item, answered(task, item, item.references[0]))


@BOTH
def test_a_completion_without_text_is_refused(pair, task):
    item = next(task.items("deu_Latn", pair))
    with pytest.raises(DataError, match="no text"):
        task.characters.score(item, answered(task, item, None))


def test_every_language_has_a_name_for_the_prompt():
    names = [find_language(language).name for language in LANGUAGES]
    assert len(set(names)) == 98


@BOTH
def test_signatures_are_those_of_sacrebleu(task):
    assert str(task.metric_signature("chrf++")).startswith("metric:chrf++|nrefs:1|")
    assert "tok:flores200" in str(task.metric_signature("spbleu"))
    assert "tok:char" in str(task.characters.metric_signature("bleu_char"))
