"""Our prompts and choices next to those of lm-eval's own task files, on the same rows.

A pair of lm-eval is a context and a continuation; ours are prompt and choice with the item's separator between.
"""

import pytest

from polyarena.tasks.benchmarks import (
    afrixnli,
    belebele,
    global_mmlu,
    global_piqa,
    include,
    m_arc,
    m_hellaswag,
    m_mmlu,
    mmmlu,
    multiblimp,
    pawsx,
    xcopa,
    xnli,
    xstorycloze,
    xwinograd,
)
from polyarena.tasks.frames.multiple_choice import OPTION_FIELDS

N = 10


def texts(item):
    return [f"{item.prompt}{item.choice_separator}{choice}" for choice in item.choices]


def exact(item):
    return [(item.prompt, f"{item.choice_separator}{choice}") for choice in item.choices]


@pytest.mark.parametrize("language", xcopa.CONFIGS)
def test_xcopa_on_real_items(hub, real, lm_eval_pairs, language):
    config = xcopa.CONFIGS[language]
    rows = hub.rows(xcopa.task.card.dataset, config, ())[:N]
    theirs = lm_eval_pairs("xcopa", f"xcopa_{config}", rows)
    ours = [exact(item) for item in real(xcopa.task, language)[:N]]
    if language not in ("tam_Taml", "tha_Thai"):
        assert ours == theirs
        return
    for mine, other, row in zip(ours, theirs, rows, strict=True):
        assert [choice for _, choice in mine] == [choice for _, choice in other]
        premise = row["premise"].strip()
        # lm-eval takes the last character for a period, whatever it is; ours drops it only if it is one.
        assert mine[0][0].startswith(premise.removesuffix("."))
        assert other[0][0] == mine[0][0].replace(premise.removesuffix("."), premise[:-1])


def test_xcopa_premises_that_lm_eval_cuts(hub):
    rows = {language: hub.rows(xcopa.task.card.dataset, xcopa.CONFIGS[language], ()) for language in xcopa.CONFIGS}
    cut = {code: sum(not row["premise"].strip().endswith((".", "。")) for row in of) for code, of in rows.items()}
    assert {code: count for code, count in cut.items() if count} == {"tam_Taml": 499, "tha_Thai": 500}


@pytest.mark.parametrize("language", xwinograd.CONFIGS)
def test_xwinograd_on_real_items(hub, real, lm_eval_pairs, language):
    config = xwinograd.CONFIGS[language]
    rows = hub.rows(xwinograd.task.card.dataset, config, ())
    theirs = lm_eval_pairs("xwinograd", f"xwinograd_{config}", rows)
    for item, other in zip(real(xwinograd.task, language), theirs, strict=True):
        if len(item.choices) == 4:
            assert texts(item) == [context + rest for context, rest in other] + [context for context, _ in other]
        else:
            assert texts(item) == [context for context, _ in other]


def test_xwinograd_items_that_differ_in_structure(real):
    whole = {code: sum(len(item.choices) == 2 for item in real(xwinograd.task, code)) for code in xwinograd.CONFIGS}
    assert {code: count for code, count in whole.items() if count} == {"rus_Cyrl": 10}
    bare = {code: sum(item.whole_choices for item in real(xwinograd.task, code)) for code in xwinograd.CONFIGS}
    assert {code: count for code, count in bare.items() if count} == {"jpn_Jpan": 1}


PAIR = {"premise": "Er schlief lange.", "hypothesis": "Er war müde.", "label": 1}


@pytest.mark.parametrize("language", xnli.CONFIGS)
def test_xnli(ask, lm_eval_pairs, language):
    (theirs,) = lm_eval_pairs("xnli", f"xnli_{xnli.CONFIGS[language]}", [PAIR])
    (item,) = ask(xnli.task, language, PAIR)
    if language == "arb_Arab":  # "number" is no word for "no"
        theirs[2] = ("", theirs[2][1].replace("رقم", "لا"))
    assert exact(item) == theirs


STORY = {
    "story_id": "s1",
    "input_sentence_1": "Ana woke up.",
    "input_sentence_2": "It rained.",
    "input_sentence_3": "She took the bus.",
    "input_sentence_4": "It was late.",
    "sentence_quiz1": "She waited.",
    "sentence_quiz2": "She swam.",
    "answer_right_ending": 1,
}


@pytest.mark.parametrize("language", xstorycloze.CONFIGS)
def test_xstorycloze(ask, lm_eval_pairs, language):
    (theirs,) = lm_eval_pairs("xstorycloze", f"xstorycloze_{xstorycloze.CONFIGS[language]}", [STORY])
    (item,) = ask(xstorycloze.task, language, STORY)
    assert exact(item) == theirs


@pytest.mark.parametrize("language", pawsx.CONFIGS)
def test_pawsx(ask, lm_eval_pairs, language):
    row = {"id": 1, "sentence1": "He did n't go ( in 1990 ) to Rome .", "sentence2": "To Rome he went .", "label": 0}
    if language in ("jpn_Jpan", "kor_Hang", "zho_Hans"):  # not cleaned by lm-eval
        row |= {"sentence1": "He went to Rome", "sentence2": "To Rome he went"}
    (theirs,) = lm_eval_pairs("paws-x", f"paws_{pawsx.CONFIGS[language]}", [row])
    (item,) = ask(pawsx.task, language, row)
    assert exact(item) == theirs


PASSAGE = {
    "link": "https://en.wikinews.org/1",
    "question_number": 1,
    "flores_passage": "It rained on Monday.",
    "question": "When did it rain? ",
    "mc_answer1": "Monday",
    "mc_answer2": "Tuesday",
    "mc_answer3": "Sunday",
    "mc_answer4": "Never",
    "correct_answer_num": "1",
    "dialect": "eng_Latn",
    "ds": "2023-05-03",
}


@pytest.mark.parametrize("language", ["eng_Latn", "tir_Ethi", "zho_Hant"])
def test_belebele(ask, lm_eval_pairs, language):
    (theirs,) = lm_eval_pairs("belebele", f"belebele_{language}", [PASSAGE])
    (item,) = ask(belebele.task, language, PASSAGE)
    assert exact(item) == theirs


EXAM = {"option_a": "1", "option_b": "2", "option_c": "3", "option_d": "4", "answer": "C"}


@pytest.mark.parametrize("language", ["hrv_Latn", "nob_Latn", "zho_Hans"])
def test_m_mmlu(ask, lm_eval_pairs, language):
    row = {"id": "algebra/test/0", "instruction": "1 + 2? ", **EXAM}
    (theirs,) = lm_eval_pairs("okapi/mmlu_multilingual", f"m_mmlu_{m_mmlu.CONFIGS[language]}", [row])
    (item,) = ask(m_mmlu.task, language, row)
    assert exact(item) == theirs


def test_global_mmlu(ask, lm_eval_pairs):
    row = {"sample_id": "anatomy/test/0", "subject": "anatomy", "question": "1 + 2? ", **EXAM}
    row |= {"cultural_sensitivity_label": "CA", "subject_category": "STEM"}
    (theirs,) = lm_eval_pairs("global_mmlu/full/sw", "global_mmlu_full_sw_anatomy", [row])
    (item,) = ask(global_mmlu.task, "swh_Latn", row)
    assert exact(item) == theirs
    (theirs,) = lm_eval_pairs("global_mmlu/default/sw", "global_mmlu_sw_stem", [row])
    (item,) = ask(global_mmlu.lite, "swh_Latn", row)
    assert exact(item) == theirs


def test_mmmlu_but_for_the_description(ask, lm_eval_pairs):
    row = {"Question": "1 + 2? ", "A": "1", "B": "2", "C": "3", "D": "4", "Answer": "C"}
    row |= {"Subject": "anatomy_test.csv_sw-KE.csv"}
    (theirs,) = lm_eval_pairs("openai-mmmlu/default", "mmmlu_sw_ke_anatomy", [row])
    (item,) = ask(mmmlu.task, "swh_Latn", row)
    description = "The following are multiple choice questions (with answers) about anatomy (Swahili).\n\n"
    assert [(description + prompt, choice) for prompt, choice in exact(item)] == theirs


def test_include_but_for_the_description_and_a_stray_space(ask, lm_eval_pairs):
    row = {"question": "1 + 2? ", **EXAM, "answer": 2, "domain": "STEM"}
    (theirs,) = lm_eval_pairs("include/default/German", "include_base_44_german_stem", [row])
    (item,) = ask(include.task, "deu_Latn", row)
    description = "The following is multiple-choice question about STEM."
    assert [(description + prompt.replace("\nD.", "\n D."), choice) for prompt, choice in exact(item)] == theirs


def test_multiblimp(ask, lm_eval_pairs):
    row = {"sen": "The dogs bark.", "wrong_sen": "The dogs barks."}
    (theirs,) = lm_eval_pairs("multiblimp", "multiblimp_eng", [row])
    (item,) = ask(multiblimp.task, "eng_Latn", row)
    assert exact(item) == theirs


def test_afrixnli(ask, lm_eval_pairs):
    (theirs,) = lm_eval_pairs("afrixnli/direct/prompt_2", "afrixnli_swa_prompt_2", [PAIR])
    (item,) = ask(afrixnli.task, "swh_Latn", PAIR)
    assert exact(item) == theirs


@pytest.mark.parametrize("language", ["arb_Arab", "deu_Latn", "kan_Knda", "zho_Hans"])
def test_m_arc_on_real_items(hub, real, lm_eval_pairs, language):
    if not (hub.root / m_arc.task.card.dataset.id).is_dir():
        pytest.skip("the real rows of M-ARC are not here")
    config = m_arc.CONFIGS[language]
    theirs = lm_eval_pairs("okapi/arc_multilingual", f"arc_{config}", hub.rows(m_arc.task.card.dataset, config, ()))
    assert [exact(item) for item in real(m_arc.task, language)] == theirs


SCENE = {
    "ind": 24,
    "activity_label": "Making bread",
    "ctx_a": "A woman kneads dough.",
    "ctx_b": "she",
    "endings": ["puts it aside.", "throws it. [substeps] It falls.", "paints it.", "folds it."],
    "label": "0",
}


def test_m_hellaswag(ask, lm_eval_pairs):
    (theirs,) = lm_eval_pairs("okapi/hellaswag_multilingual", "hellaswag_de", [SCENE])
    (item,) = ask(m_hellaswag.task, "deu_Latn", SCENE)
    assert exact(item) == theirs


def test_m_hellaswag_keeps_capitals_that_lm_eval_drops(ask, lm_eval_pairs):
    row = {**SCENE, "ctx_b": "die Frau aus Berlin"}
    (theirs,) = lm_eval_pairs("okapi/hellaswag_multilingual", "hellaswag_de", [row])
    (item,) = ask(m_hellaswag.task, "deu_Latn", row)
    assert theirs[0][0].endswith("Die frau aus berlin")
    assert item.prompt.endswith("Die Frau aus Berlin")


@pytest.mark.parametrize("part", ["parallel", "nonparallel"])
def test_global_piqa(ask, lm_eval_pairs, part):
    task = getattr(global_piqa, part)
    row = {"prompt": "To boil water,", "solution0": "heat it.", "solution1": "cool it.", "label": 0}
    row |= {"example_id": "parallel_ex000001_tur_latn"}
    row |= {"solution2": "pour it.", "solution3": "drink it."} if part == "parallel" else {}
    (theirs,) = lm_eval_pairs(f"global_piqa/{part}_cloze", f"global_piqa_{part}_cloze_tur_latn", [row])
    (item,) = ask(task, "tur_Latn", row)
    assert exact(item) == theirs


def test_the_fields_of_options_are_those_of_lm_eval():
    assert set(OPTION_FIELDS) | {"answer"} == set(EXAM)
