"""Line and word pass rates: what is wrong, what cannot be told, what is not looked at."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.benchmarks.aya_evaluation_suite import DATASET
from polyarena.tasks.benchmarks.language_confusion import PARTS, confusion_scores, task
from polyarena.tasks.card import Provenance
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.identify import IDENTIFIER, can_identify
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.protocol import Task
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

ENGLISH = "The weather in the mountains changes quickly, so take warm clothes with you."
FRENCH = "Le temps change vite en montagne, il faut donc emporter des vêtements chauds."
RUSSIAN = "Погода в горах быстро меняется, поэтому возьмите с собой тёплую одежду."
HINDI = "पहाड़ों में मौसम जल्दी बदलता है, इसलिए अपने साथ गर्म कपड़े ले जाएँ।"
CHINESE = "山里的天气变化很快，所以请随身携带保暖的衣服，并且注意安全。"
CODE = "```python\nfor line in open('a.txt'):\n    print(line, end='') # show each line of the file\n```"


def scores(text, language):
    item = Item("1", "1", language, "?", references=("-",))
    found = confusion_scores(item, Completion("s", "language_confusion", language, "1", 0, "1", "?", text=text))
    return {metric: value for metric, value in found.items() if metric != "lpr"}


def row(number, code):
    language, _, script = code.partition("_")
    return {"id": number, "inputs": "?!", "targets": "-", "language": language, "script": script}


def test_it_is_a_task():
    assert isinstance(task, Task)
    assert task.card.kind is Kind.GENERATIVE
    assert task.card.metrics == ("line_pass", "word_pass", "lpr")
    assert len(task.card.languages) == 11
    assert task.card.provenance["tur_Latn"] is Provenance.NATIVE
    assert task.card.provenance["hin_Deva"] is Provenance.POST_EDITED


def test_only_languages_that_can_be_told_are_asked():
    assert all(can_identify(code) for code in task.card.languages)
    assert not can_identify("yor_Latn")
    with pytest.raises(UnknownNameError, match="does not know Yoruba"):
        list(task.items("yor_Latn", None))


def test_signatures_name_the_identifier():
    assert str(task.metric_signature("line_pass")) == f"metric:line_pass|words:5|fences:1|lid:{IDENTIFIER}"


def test_prompts_come_from_both_sets(hub_copy):
    data = hub_copy(
        DATASET,
        {"aya_human_annotated": [row(1, "tur_Latn")], "dolly_human_edited": [row(1, "hin_Deva"), row(1, "rus_Cyrl")]},
    )
    (turkish,), (hindi,), (russian,) = (
        validate_items(task, code, task.items(code, data)) for code in ("tur_Latn", "hin_Deva", "rus_Cyrl")
    )
    assert hindi.source_id == russian.source_id == "1"
    assert turkish.source_id == "tur_Latn:1"
    assert {part.config for part in PARTS.values()} == {"aya_human_annotated", "dolly_human_edited"}


@every_case(
    ("language", "text"),
    [("rus_Cyrl", RUSSIAN), ("hin_Deva", HINDI), ("zho_Hans", CHINESE)],
)
def test_answers_in_the_language_pass(language, text):
    assert scores(text, language) == {"line_pass": 1.0, "word_pass": 1.0}
    assert scores(f"{text}\n\n{text}", language) == {"line_pass": 1.0, "word_pass": 1.0}


@pytest.mark.parametrize(("language", "text"), [("fra_Latn", FRENCH), ("eng_Latn", ENGLISH)])
def test_words_of_latin_scripts_are_not_looked_up(language, text):
    assert scores(text, language) == {"line_pass": 1.0}


@every_case("language", ["rus_Cyrl", "hin_Deva", "zho_Hans", "fra_Latn", "arb_Arab"])
def test_english_answers_fail(language):
    assert scores(ENGLISH, language) == {"line_pass": 0.0}


def test_one_line_in_another_language_is_enough():
    assert scores(f"{FRENCH}\n{FRENCH}\n{ENGLISH}", "fra_Latn") == {"line_pass": 0.0}
    assert scores(f"{RUSSIAN}\n{HINDI}", "rus_Cyrl") == {"line_pass": 0.0}


def test_an_english_word_within_a_line_fails_the_word_metric_only():
    mixed = RUSSIAN.replace("одежду", "clothes и одежду")
    assert scores(mixed, "rus_Cyrl") == {"line_pass": 1.0, "word_pass": 0.0}


@every_case("name", ["NASA", "Python", "km", "USB-C", "GPT4"])
def test_names_and_abbreviations_are_no_words(name):
    assert scores(RUSSIAN.replace("горах", f"горах {name}"), "rus_Cyrl") == {"line_pass": 1.0, "word_pass": 1.0}


def test_code_is_not_looked_at():
    assert scores(f"{RUSSIAN}\n{CODE}\n{RUSSIAN}", "rus_Cyrl") == {"line_pass": 1.0, "word_pass": 1.0}
    assert scores(f"{RUSSIAN}\n{CODE[:-4]}", "rus_Cyrl") == {"line_pass": 1.0, "word_pass": 1.0}


@every_case("text", ["", "42", "OK.", "Yes\nno\nmaybe", CODE, "https://example.org/a/very/long/path"])
def test_what_cannot_be_told_has_no_value(text):
    assert scores(text, "fra_Latn") == {}


def test_short_lines_do_not_count():
    assert scores(f"Hello there!\n{FRENCH}", "fra_Latn") == {"line_pass": 1.0}


def test_a_completion_without_text_is_refused():
    with pytest.raises(DataError, match="no text"):
        scores(None, "fra_Latn")


@given(st.text(max_size=300), st.sampled_from(sorted(PARTS)))
def test_values_are_zero_or_one_whatever_the_text(text, language):
    found = scores(text, language)
    assert set(found) <= {"line_pass", "word_pass"}
    assert set(found.values()) <= {0.0, 1.0}
    assert "word_pass" not in found or found["line_pass"] == 1


@given(st.lists(st.sampled_from([ENGLISH, FRENCH, RUSSIAN, HINDI]), min_size=1, max_size=6))
def test_all_lines_must_pass(lines):
    expected = float(all(line == RUSSIAN for line in lines))
    assert scores("\n".join(lines), "rus_Cyrl")["line_pass"] == expected
