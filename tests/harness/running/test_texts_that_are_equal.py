"""Stored answers, from their file to the numbers: invisible marks and translation into English change none."""

from __future__ import annotations

import json

import pytest

from polyarena.harness import plan, run

GERMAN = "Die Regierung hat am Montag ein neues Gesetz zum Schutz der Wälder beschlossen."
ENGLISH = "On Monday the government passed a new law for the protection of the forests."


@pytest.fixture
def evaluate(tmp_path):
    def evaluate(task, answers, **changes):
        folder = tmp_path / "answers"
        folder.mkdir()
        for language, texts in answers.items():
            lines = [json.dumps({"item_id": item, "text": text}, ensure_ascii=False) for item, text in texts.items()]
            (folder / f"{language}.jsonl").write_text("\n".join(lines), "utf-8")
        experiment = {
            "name": "texts",
            "systems": [{"name": "stored", "model": "completions", "args": {"path": str(folder)}}],
            "tasks": [task],
            "languages": list(answers),
            "statistics": {"rounds": 100},
        }
        finished = run(plan({**experiment, **changes}, output=tmp_path / "run"), report=bool(changes))
        assert not finished.failures
        return finished

    return evaluate


def test_invisible_marks_around_a_right_answer_do_not_make_it_wrong(evaluate, tmp_path):
    """Case 10: exact match was 0.0."""
    answers = {
        "arb_Arab": {"1": "\u200fالقاهرة\u200f"},
        "swh_Latn": {"2": "\ufeffNairobi", "3": "\u2067Dodoma\u2069", "4": "\u200f<think>Gulu?</think>\u200fKampala"},
    }
    golds = {"1": "القاهرة", "2": "Nairobi", "3": "Dodoma", "4": "Kampala"}
    rows = [
        {"id": item, "language": language, "prompt": f"Mji mkuu wa {item}?", "references": [golds[item]]}
        for language, texts in answers.items()
        for item in texts
    ]
    path = tmp_path / "prompts.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    scores = evaluate({"task": {"path": str(path), "metric": ["exact_match", "f1"]}}, answers).scores()
    assert len(scores) == 8
    assert set(scores["value"]) == {1.0}


def test_a_translation_into_english_is_in_the_language_asked_for(evaluate, tmp_path):
    """Case 15: 20 of 20 were answers in another language, and German was expected."""
    folder = tmp_path / "hub" / "openlanguagedata" / "flores_plus"
    for code, text in (("deu_Latn", GERMAN), ("eng_Latn", ENGLISH)):
        (folder / code).mkdir(parents=True)
        row = {
            "id": 1, "iso_639_3": code[:3], "iso_15924": "Latn", "glottocode": "stan1293", "text": text, "url": "x",
            "domain": "wikinews", "topic": "politics", "has_image": "no", "has_hyperlink": "no", "last_updated": "1.0",
        }  # fmt: skip
        (folder / code / "devtest.jsonl").write_text(json.dumps(row), "utf-8")
    data = str(tmp_path / "hub")
    finished = evaluate("flores_to_english.characters", {"deu_Latn": {"1": ENGLISH}}, data_root=data)
    (found,) = (finished.folder.results / "answers.csv").read_text("utf-8").splitlines()[1:]
    assert found.startswith("stored,flores_to_english.characters,deu_Latn,eng_Latn,1,1,0,0,0,")
    assert set(finished.completions()["identified_language"]) == {"eng_Latn"}
