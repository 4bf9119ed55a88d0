from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from polyarena.reports.page import OffTargetByLanguage, off_target_by_language, off_target_counts
from polyarena.reports.page.off_target_table import off_target_table
from polyarena.tasks.identify import IDENTIFIER, MIN_PROBABILITY, identify


def completion(text: str | None, language: str = "deu_Latn", **other: object) -> dict[str, object]:
    found = identify(text or "")
    return {
        "system": "new",
        "task": "mini",
        "language": language,
        "text": text,
        "finish_reason": "stop",
        "identified_language": found.language,
        "identified_probability": found.probability,
        "identified_script": found.script,
        **other,
    }


GERMAN = "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter und die Felder."
ENGLISH = "This is quite an ordinary English sentence about the weather and the fields."
THAI = "ประเทศไทยเป็นประเทศที่ตั้งอยู่ในเอเชียตะวันออกเฉียงใต้"


def test_answers_are_sorted_into_four_kinds() -> None:
    frame = pd.DataFrame([completion(text) for text in (GERMAN, GERMAN, ENGLISH, THAI, "Ja.", "  \n")])
    (found,) = off_target_counts(off_target_by_language(frame))
    assert (found.answers, found.same, found.other, found.unknown, found.empty) == (6, 2, 2, 1, 1)
    assert found.worst == (("deu_Latn", 2, 6),)


def test_kinds_add_up_and_rows_are_sorted() -> None:
    rows = [completion(GERMAN, system=s, task=t) for t in ("b", "a") for s in ("old", "new")]
    found = off_target_counts(off_target_by_language(pd.DataFrame([*rows, completion(ENGLISH, task="b")])))
    assert [(count.task, count.system) for count in found] == [("a", "new"), ("a", "old"), ("b", "new"), ("b", "old")]
    assert all(c.answers == c.same + c.other + c.unknown + c.empty for c in found)


def test_the_worst_three_languages_are_named_by_share() -> None:
    rows = [completion(THAI, code) for code in ("deu_Latn", "fra_Latn", "spa_Latn", "ita_Latn")]
    rows += [completion(GERMAN, "deu_Latn")] * 3
    rows += [completion("Bonjour, il fait très beau aujourd'hui dans les champs.", "fra_Latn")]
    (found,) = off_target_counts(off_target_by_language(pd.DataFrame(rows)))
    assert found.worst == (("ita_Latn", 1, 1), ("spa_Latn", 1, 1), ("fra_Latn", 1, 2))


def test_a_translation_is_expected_in_its_own_language() -> None:
    frame = pd.DataFrame(
        [completion(text, task=task) for text in (ENGLISH, ENGLISH, GERMAN) for task in ("to", "from")]
    )
    kept, turned = off_target_counts(off_target_by_language(frame, {"to": {"deu_Latn": "eng_Latn"}}))
    assert (kept.task, kept.same, kept.other) == ("from", 1, 2)
    assert (turned.task, turned.same, turned.other) == ("to", 2, 1)
    assert turned.worst == (("deu_Latn", 1, 3),)


def test_multiple_choice_has_no_answers() -> None:
    assert off_target_counts(off_target_by_language(pd.DataFrame([completion(None), completion(None)]))) == ()


def test_a_language_the_identifier_does_not_know_is_not_held_against_anyone() -> None:
    shona = "Ndinokumbira mvura yekunwa nekuti zuva riri kupisa."
    (found,) = off_target_counts(off_target_by_language(pd.DataFrame([completion(shona, "sna_Latn")])))
    assert (found.other, found.unknown) == (0, 1)


def test_real_answers_are_mostly_in_the_language_asked(test_data: Path) -> None:
    path = test_data / "completions" / "m-ArenaHard" / "gpt-4" / "de.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    texts = [json.loads(line)["completion"] for line in path.read_text(encoding="utf-8").splitlines()[:30]]
    (found,) = off_target_counts(off_target_by_language(pd.DataFrame([completion(text) for text in texts])))
    assert found.answers == 30
    assert found.same + found.unknown >= 24


def test_languages_are_counted_apart_and_add_up_to_the_task() -> None:
    rows = [completion(text, code) for code in ("fra_Latn", "deu_Latn") for text in (GERMAN, THAI, "Ja.", "")]
    french, german = sorted(off_target_by_language(pd.DataFrame(rows)), key=lambda row: row.language, reverse=True)
    assert (french.language, french.same, french.other, french.unknown, french.empty) == ("fra_Latn", 0, 2, 1, 1)
    assert (german.language, german.same, german.other, german.other_share) == ("deu_Latn", 1, 1, 0.25)
    (whole,) = off_target_counts([french, german])
    assert (whole.answers, whole.same, whole.other, whole.unknown, whole.empty) == (8, 1, 3, 2, 2)
    assert off_target_counts([german, french]) == (whole,)


def test_the_expected_language_and_who_identified_stand_in_each_row() -> None:
    (found,) = off_target_by_language(pd.DataFrame([completion(ENGLISH, task="to")]), {"to": {"deu_Latn": "eng_Latn"}})
    assert (found.language, found.expected, found.same) == ("deu_Latn", "eng_Latn", 1)
    assert found.identifier == f"{IDENTIFIER}@{MIN_PROBABILITY:g}"


def count(language: str, other: int, answers: int = 10, **names: str) -> OffTargetByLanguage:
    place = {"system": "new", "task": "mini", **names}
    return OffTargetByLanguage(
        **place,
        language=language,
        expected=language,
        answers=answers,
        same=answers - other,
        other=other,
        unknown=0,
        empty=0,
        other_share=other / answers,
        identifier="i@0.7",
    )


def test_the_sheet_has_the_languages_with_such_answers_the_largest_share_first() -> None:
    counts = [count("deu_Latn", 1), count("swh_Latn", 4), count("fra_Latn", 0), count("fra_Latn", 0, system="old")]
    counts += [count("deu_Latn", 3, 4, system="old"), count("swh_Latn", 2, task="more")]
    sheet = off_target_table(counts)
    assert sheet is not None
    assert sheet.columns == ("Task", "Language", "new", "old")
    assert sheet.rows == (
        ("mini", "German", "10.0 (1/10)", "75.0 (3/4)"),
        ("mini", "Swahili", "40.0 (4/10)", "–"),
        ("more", "Swahili", "20.0 (2/10)", "–"),
    )


def test_without_such_answers_there_is_no_sheet() -> None:
    assert off_target_table([]) is None
    assert off_target_table([count("deu_Latn", 0)]) is None


def test_what_the_host_refused_is_not_empty() -> None:
    rows = [completion("", finish_reason="content_filter"), completion("", finish_reason="stop"), completion("Ja.")]
    (found,) = off_target_by_language(pd.DataFrame(rows))
    assert (found.refused, found.empty, found.unknown, found.answers) == (1, 1, 1, 3)
    assert off_target_counts([found])[0].refused == 1
