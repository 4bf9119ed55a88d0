"""What reports take from the lock file: families, flags, languages of answers, what was left out."""

import pandas as pd
import pytest

from polyarena.harness.reporting.locked import MOST_NAMED, answered_in, families, flags, left_out, some


def lock(tasks, **more):
    return {"tasks": {name: {"languages": ["deu_Latn", "tha_Thai"], **entry} for name, entry in tasks.items()}, **more}


ESTIMATES = pd.DataFrame(
    [
        ("xlsum", "rouge_l", "language", "tha_Thai", None),
        ("xlsum", "rouge_l", "language", "deu_Latn", None),
        ("xlsum", "rouge_l", "macro", "all", None),
        ("m_arenahard", "win_rate", "language", "tha_Thai", "base"),
    ],
    columns=["task", "metric", "level", "group", "baseline"],
)


def test_families_are_what_the_lock_says():
    entries = {
        "xnli": {"family": "xnli", "template": "native"},
        "mine.x": {"family": "mine", "template": "x"},
        "sib": {},
    }
    assert families(lock(entries, flags=[])) == {"xnli": ("xnli", "native"), "mine.x": ("mine", "x")}


def test_for_an_older_lock_the_installed_tasks_are_asked():
    found = families(lock({"xnli": {}, "xnli.claim": {}, "sib200": {}, "no_such_task": {}, "xnli.nothing": {}}))
    assert found == {"xnli": ("xnli", "native"), "xnli.claim": ("xnli", "claim")}


def test_translation_without_spbleu_is_no_prompt_template():
    assert families(lock({"flores_to_english": {}, "flores_to_english.characters": {}})) == {}


def test_flags_are_what_the_lock_says():
    said = {"task": "a", "language": "tha_Thai", "metric": "bleu", "level": "inadequate", "reason": "clauses"}
    (flag,) = flags(lock({"a": {}}, flags=[said]), ESTIMATES)
    assert (flag.task, flag.language, flag.metric, flag.level, flag.reason) == tuple(said.values())
    assert flags(lock({"a": {}}, flags=[]), ESTIMATES) == ()


def test_for_an_older_lock_the_table_of_metrics_is_asked():
    (flag,) = flags(lock({"xlsum": {}}), ESTIMATES)
    assert (flag.task, flag.language, flag.metric, flag.level) == ("xlsum", "tha_Thai", "rouge_l", "doubtful")


def test_languages_of_answers():
    said = {"to": {"answered_in": {"deu_Latn": "eng_Latn"}}, "from": {}}
    assert answered_in(lock(said, flags=[])) == {"to": {"deu_Latn": "eng_Latn"}}
    older = lock({"flores_to_english": {}, "flores_from_english": {}, "sib200": {}})
    assert answered_in(older) == {
        "flores_to_english": {"deu_Latn": "eng_Latn", "tha_Thai": "eng_Latn"},
        "flores_from_english": {},
    }


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            {"task": "xlsum", "languages": ["tha_Thai"], "reason": "clauses", "metric": "bleu", "suite": ""},
            "bleu of xlsum is not scored in Thai: clauses.",
        ),
        (
            {"task": "xcopa", "languages": ["deu_Latn"], "reason": "no data", "metric": "", "suite": "aya99"},
            "xcopa, which the suite aya99 has, is not asked in German: no data.",
        ),
        (
            {"task": "gone", "languages": [], "reason": "not installed", "metric": "", "suite": "aya99"},
            "gone, which the suite aya99 has, is not asked: not installed.",
        ),
    ],
)
def test_what_is_left_out_is_said(entry, sentence):
    assert left_out(lock({}, omissions=[entry])) == [sentence]
    assert left_out(lock({})) == []


def test_of_many_names_only_the_first_are_named():
    names = [f"l{i}" for i in range(MOST_NAMED + 3)]
    assert some(names).endswith(f"l{MOST_NAMED - 1} and 3 more")
    assert some(names[:MOST_NAMED]).count(",") == MOST_NAMED - 1
