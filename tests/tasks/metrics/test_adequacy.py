"""Which metric can be trusted where."""

import csv

import pytest
from every_case import every_case

from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.identify import can_identify
from polyarena.tasks.languages import all_languages
from polyarena.tasks.metrics import adequacy as module
from polyarena.tasks.metrics.adequacy import Level, adequacy, identification_adequacy, rated_metrics

WITHOUT_SPACES = {"Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr"}
CODES = [language.code for language in all_languages()]


def scripts(metric, level):
    return {code[-4:] for code in CODES if adequacy(metric, code).level is level}


@every_case("metric", rated_metrics())
def test_every_language_has_a_level_and_all_but_the_best_a_reason(metric):
    for code in CODES:
        level, reason = adequacy(metric, code)
        assert (level is Level.ADEQUATE) == (reason == "")


@every_case("metric", ["bleu", "ter", "squad_f1"])
def test_metrics_on_spaces_are_inadequate_without_spaces(metric):
    assert scripts(metric, Level.INADEQUATE) == WITHOUT_SPACES


def test_rouge_score_is_for_english():
    assert adequacy("rouge_score", "eng_Latn").level is Level.ADEQUATE
    assert adequacy("rouge_score", "yor_Latn").level is Level.DOUBTFUL
    assert "Latn" not in scripts("rouge_score", Level.INADEQUATE)
    assert scripts("rouge_score", Level.INADEQUATE) == {code[-4:] for code in CODES} - {"Latn"}


@every_case("metric", ["rouge_l", "rouge_lsum", "chrf++"])
def test_our_own_metrics_are_doubtful_at_worst_without_spaces(metric):
    assert scripts(metric, Level.DOUBTFUL) == WITHOUT_SPACES
    assert not scripts(metric, Level.INADEQUATE)


def test_spbleu_is_for_the_languages_of_flores():
    assert {code for code in CODES if adequacy("spbleu", code).level is not Level.ADEQUATE} == {
        "fry_Latn",
        "lat_Latn",
        "pcm_Latn",
    }


def test_metrics_of_the_identifier_are_as_good_as_it():
    assert adequacy("line_pass", "deu_Latn").level is Level.ADEQUATE
    assert adequacy("line_pass", "hau_Latn").level is Level.INADEQUATE
    for code in CODES:
        assert adequacy("line_pass", code) == identification_adequacy(code)
        assert (identification_adequacy(code).level is Level.ADEQUATE) == can_identify(code)


def test_words_in_latin_letters_say_nothing_where_all_words_are():
    assert scripts("word_pass", Level.INADEQUATE) == {"Latn"}
    assert adequacy("word_pass", "hin_Deva").level is Level.ADEQUATE


def test_a_script_that_no_other_language_has_tells_a_language_a_little(monkeypatch):
    monkeypatch.setattr(module, "can_identify", lambda code: False)
    assert identification_adequacy("tha_Thai").level is Level.DOUBTFUL
    assert identification_adequacy("amh_Ethi").level is Level.INADEQUATE


def test_languages_are_found_by_any_name():
    assert adequacy("rouge_l", "Thai") == adequacy("rouge_l", "tha_Thai")


def test_what_is_said_of_a_language_goes_before_its_script(monkeypatch):
    table = {"m": {"*": "any", "Latn": "script", "deu_Latn": "language"}}
    monkeypatch.setattr(module, "_table", lambda: table)
    assert [adequacy("m", code) for code in ("rus_Cyrl", "swh_Latn", "deu_Latn")] == ["any", "script", "language"]


def test_the_table_is_consistent():
    known = {"*", *CODES, *(code[-4:] for code in CODES)}
    seen = set()
    with module._TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for where in row["where"].split():
                assert where in known
                assert (row["metric"], where) not in seen
                seen.add((row["metric"], where))
    assert {metric for metric, where in seen if where == "*"} == {metric for metric, _ in seen}


def test_unknown_names_get_suggestions():
    with pytest.raises(UnknownNameError, match="did you mean 'rouge_l'"):
        adequacy("rougel", "tha_Thai")
    with pytest.raises(UnknownNameError, match="did you mean"):
        adequacy("rouge_l", "Germann")
