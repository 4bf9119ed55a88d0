"""XL-Sum: the article is shown whole, the summary is not, and scores fit the script."""

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks.xlsum import CONFIGS, FIELDS, task
from polyarena.tasks.card import Provenance
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.protocol import Task
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

ARTICLE = "Serikali ilitangaza Jumatatu.\n\nWaziri alisema kuwa kazi itaanza mwezi ujao. Mwisho wa habari."
ROW = {
    "id": "habari-1234",
    "url": "https://www.bbc.com/swahili/habari-1234",
    "title": "Kazi ya barabara",
    "summary": "Barabara mpya itajengwa.",
    "text": ARTICLE,
}


@pytest.fixture
def one(hub_copy):
    def write(language="swh_Latn", **changes):
        data = hub_copy(task.card.dataset, {CONFIGS[language]: [ROW | changes]})
        (item,) = validate_items(task, language, task.items(language, data))
        return item

    return write


def score(item, text):
    return task.score(item, Completion("s", "xlsum", item.language, "1", 0, item.source_id, item.prompt, text=text))


def test_it_is_a_generative_task():
    assert isinstance(task, Task)
    assert task.card.kind is Kind.GENERATIVE
    assert task.card.metrics == ("rouge_lsum", "rouge_l")
    assert task.card.dataset.revision == "refs/convert/parquet"
    assert "not a commit" in task.card.notes
    assert task.card.shared == ""


def test_languages():
    assert len(CONFIGS) == len(set(CONFIGS.values())) == len(task.card.languages) == 45
    assert set(task.card.provenance.values()) == {Provenance.NATIVE}
    for code, config in CONFIGS.items():
        name = find_language(code).name
        assert name.split()[0].casefold().removeprefix("(") in config.replace("_", " ") or code in {
            "gaz_Latn",
            "pcm_Latn",
            "run_Latn",
        }


@every_case(
    ("code", "config"),
    [
        ("gaz_Latn", "oromo"),
        ("gla_Latn", "scottish_gaelic"),
        ("pbt_Arab", "pashto"),
        ("pcm_Latn", "pidgin"),
        ("run_Latn", "kirundi"),
        ("srp_Cyrl", "serbian_cyrillic"),
        ("srp_Latn", "serbian_latin"),
        ("zho_Hans", "chinese_simplified"),
        ("zho_Hant", "chinese_traditional"),
    ],
)
def test_irregular_names(code, config):
    assert CONFIGS[code] == config


def test_the_whole_article_is_in_the_prompt(one):
    prompt = one().prompt
    assert ARTICLE in prompt
    assert prompt.count(ARTICLE) == 1


@pytest.mark.parametrize("language", task.card.languages)
def test_the_article_is_in_the_prompt_of_each_language(one, language):
    text = f"Aya {find_language(language).autonym} ከ 很 ข่าว"
    prompt = one(language, text=text).prompt
    assert text in prompt
    assert f"in {find_language(language).name}." in prompt


def test_neither_summary_nor_title_is_in_the_prompt(one):
    item = one()
    assert ROW["summary"] not in item.prompt
    assert ROW["title"] not in item.prompt
    assert item.references == (ROW["summary"],)


def test_braces_and_percent_signs_of_an_article_stay(one):
    text = "{{text}} {text} {0} %s 100% \\n"
    assert text in one(text=text).prompt


def test_rows_are_numbered_within_their_language(hub_copy):
    data = hub_copy(task.card.dataset, {"swahili": [ROW, ROW | {"text": "Nyingine."}], "hausa": [ROW]})
    swahili = validate_items(task, "swh_Latn", task.items("swh_Latn", data))
    hausa = validate_items(task, "hau_Latn", task.items("hau_Latn", data))
    assert [item.item_id for item in swahili] == ["1", "2"]
    assert {item.source_id for item in swahili}.isdisjoint(item.source_id for item in hausa)
    assert [item.fields["article"] for item in swahili] == ["habari-1234"] * 2


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_is_named(hub_copy, field):
    broken = {key: value for key, value in ROW.items() if key != field}
    with pytest.raises(DataError, match=f"'{field}' is missing"):
        list(task.items("swh_Latn", hub_copy(task.card.dataset, {"swahili": [broken]})))


def test_a_summary_that_is_no_text_is_named(hub_copy):
    data = hub_copy(task.card.dataset, {"swahili": [ROW | {"summary": ["a"]}]})
    with pytest.raises(DataError, match="'summary' is not a text"):
        list(task.items("swh_Latn", data))


@pytest.mark.parametrize(
    ("language", "summary", "partly"),
    [
        ("swh_Latn", "Barabara mpya itajengwa mwaka huu.", "Barabara mpya."),
        ("zho_Hans", "政府宣布将修建新的道路。", "政府宣布修路。"),
        ("jpn_Jpan", "政府は新しい道路を建設する。", "政府は道路を作る。"),
        ("tha_Thai", "รัฐบาลประกาศสร้างถนนใหม่", "รัฐบาลสร้างถนน"),
        ("amh_Ethi", "መንግሥት አዲስ መንገድ ሊሠራ ነው።", "መንግሥት መንገድ ሊሠራ ነው።"),
        ("arb_Arab", "أعلنت الحكومة بناء طريق جديد.", "أعلنت الحكومة بناء طريق."),
        ("mya_Mymr", "အစိုးရက လမ်းသစ် ဆောက်မည်။", "အစိုးရက လမ်း ဆောက်မည်။"),
    ],
)
def test_scores_fit_the_script(one, language, summary, partly):
    item = one(language, summary=summary)
    assert score(item, summary) == pytest.approx({"rouge_lsum": 1.0, "rouge_l": 1.0})
    some = score(item, partly)
    assert all(0.2 < value < 1 for value in some.values())
    assert set(some) == set(task.card.metrics)
    assert score(item, "") == {"rouge_lsum": 0.0, "rouge_l": 0.0}


def test_a_completion_without_text_is_refused(one):
    with pytest.raises(DataError, match="no text"):
        score(one(), None)
