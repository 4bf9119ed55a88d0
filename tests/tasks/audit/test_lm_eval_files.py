"""The defects known of the task files that lm-eval 0.4.13 ships are found, with their counts."""

from collections import Counter
from importlib.metadata import version

import pytest
from every_case import every_case

from polyarena.tasks.audit import Severity, audit_configs

pytestmark = pytest.mark.skipif(version("lm-eval") != "0.4.13", reason="the counts are those of lm-eval 0.4.13")

WITHOUT_A_NUMBER = {
    "adr": 25,
    "african_flores": 372,
    "african_ntrex": 192,
    "afrimgsm-irokobench": 95,
    "afrimgsm_cot-irokobench": 95,
    "afrimgsm_tt-irokobench": 85,
    "afrimgsm_tt_cot-irokobench": 90,
    "afriqa": 45,
    "afrobench": 732,
    "mafand": 126,
    "masakhaner": 100,
    "salt": 42,
    "xlum": 36,
}
"""The groups of African benchmarks that ask for ``acc``, and how many tasks they have, none of which reports it."""


def tasks_with(findings, check, severity=None):
    return {each.task for each in findings if each.check == check and severity in (None, each.severity)}


@pytest.fixture(scope="module")
def xlsum():
    return audit_configs("afrobench/xlsum")


def test_all_36_xlsum_tasks_show_the_word_text_in_place_of_the_article(xlsum):
    quoted = [each for each in xlsum if each.check == "quoted-literal"]
    assert len(quoted) == len({each.task for each in quoted}) == 36
    assert all(
        "'text'" in each.message and "{{'text'}}" in "".join(each.examples) for each in quoted if "_2" in each.task
    )
    assert tasks_with(xlsum, "document-not-shown", Severity.ERROR) == {each.task for each in quoted}
    assert len(tasks_with(xlsum, "literal-escape")) == 36


def test_rouge_cannot_read_the_scripts_of_four_of_them(xlsum):
    wrong = {(each.task.split("_")[1], each.language) for each in xlsum if each.check == "metric-for-script"}
    assert wrong == {
        ("amharic", "amh_Ethi"),
        ("arabic", "arb_Arab"),
        ("telugu", "tel_Telu"),
        ("tigrinya", "tir_Ethi"),
    }


def test_their_group_asks_for_a_metric_that_no_task_reports(xlsum):
    (found,) = [each for each in xlsum if each.check == "metric-not-emitted"]
    assert (found.task, found.severity) == ("xlum", Severity.ERROR)
    assert "asks for acc, which none of its 36 tasks reports (they report rougeL)" in found.message


def test_xquad_compares_answers_as_if_they_were_english():
    found = {each.language: each.severity for each in audit_configs("xquad") if each.check == "metric-for-language"}
    assert len(found) == 11
    assert {code for code, severity in found.items() if severity is Severity.ERROR} == {"tha_Thai", "zho_Hans"}


@every_case("folder", ["mlqa", "tydiqa", "xcopa", "xwinograd", "xstorycloze"])
def test_sound_tasks_have_no_errors(folder):
    assert [each for each in audit_configs(folder) if each.severity is Severity.ERROR] == []


@pytest.fixture(scope="module")
def everything():
    return audit_configs("*")


@pytest.mark.slow
def test_the_groups_without_a_number_are_found(everything):
    found = {each.task: each for each in everything if each.check == "metric-not-emitted"}
    assert {name for name in found if name in WITHOUT_A_NUMBER} == set(WITHOUT_A_NUMBER)
    for name, count in WITHOUT_A_NUMBER.items():
        assert f"none of its {count} tasks" in found[name].message
    # Beyond those: Italian generation, a group that gives a function for a name, and two of MMLU-FLAN.
    assert set(found) - set(WITHOUT_A_NUMBER) == {
        "code2text",
        "evalita-mp_gen",
        "mmlu_flan_cot_zeroshot",
        "mmlu_flan_n_shot_generative",
    }


@pytest.mark.slow
def test_data_sets_that_were_programs_and_that_are_not_pinned(everything):
    counts = Counter(each.check for each in everything)
    assert counts["trust-remote-code"] == 864
    assert counts["unpinned-revision"] > 13_000
    # The only task that names a revision names one that moves.
    moving = [each for each in everything if "which can move" in each.message]
    assert [(each.task, "refs/convert/parquet" in each.message) for each in moving] == [("indicxnli_gu", True)]
    flores = {name for name in tasks_with(everything, "script-data-set") if name.startswith("flores_")}
    assert len(flores) == 372


@pytest.mark.slow
def test_quoted_literals_are_in_no_other_file(everything):
    assert len(tasks_with(everything, "quoted-literal")) == 36
    assert len(tasks_with(everything, "document-not-shown")) == 36


@pytest.mark.slow
def test_few_shot_examples_out_of_what_is_asked(everything):
    named = tasks_with(everything, "few-shot-from-test", Severity.WARNING)
    assert {"belebele_deu_Latn", "afrixnli_translate_amh_prompt_1"} <= named
    assert len({name for name in named if name.startswith("belebele_")}) >= 122
