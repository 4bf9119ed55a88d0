"""The rule of the paper's script, on the answers of ten models that its authors published.

``AUTHORS`` has what their ``compute_metrics.py`` (commit 0cfdbb4) prints with lid.176.ftz in place of lid.176.bin, with
jieba 0.42.1 and fugashi 1.5 with unidic-lite: its average over languages of the line pass rate, in percent.
"""

import json
from collections import defaultdict
from statistics import fmean

import pytest
from every_case import every_case

from polyarena.tasks.benchmarks.language_confusion_crosslingual import CONFIG, CONFIGS, task
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError, NotOnHubError
from polyarena.tasks.identify import IDENTIFIER
from polyarena.tasks.item import Item
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.language_confusion import confusion_scores, lcb_line_pass
from polyarena.tasks.records import Completion
from polyarena.tasks.validation import validate_items

AUTHORS = {
    "command-r": (98.6, 26.9),
    "command-r-base": (91.2, 2.4),
    "command-r-plus": (98.5, 65.5),
    "command-r-plus-base": (85.3, 3.3),
    "gpt-3.5-turbo": (98.6, 71.7),
    "gpt-4-turbo": (98.4, 64.5),
    "llama-2-instruct": (50.5, 12.5),
    "llama-3-instruct": (49.1, 6.8),
    "mistral-8x7b": (82.4, 47.1),
    "mistral-large": (76.8, 50.4),
}
"""Line pass rates of the monolingual and the cross-lingual prompts."""


def average(rows, metric):
    """Average as the script does: over the sources of a language, then over languages."""
    values = defaultdict(lambda: defaultdict(list))
    for row in rows:
        code = find_language(row["language"]).code
        item = Item("q", "q", code, "?", references=("-",))
        completion = Completion("s", "t", code, "q", 0, "q", "?", text=row["completion"])
        found = confusion_scores(item, completion).get(metric)
        if found is not None:
            values[row["language"]][row["source"]].append(found)
    return 100 * fmean(fmean(map(fmean, sources.values())) for sources in values.values())


@pytest.mark.skipif(not IDENTIFIER.startswith("lid.176.ftz"), reason="the numbers are those of lid.176")
@pytest.mark.parametrize("model", AUTHORS)
def test_line_pass_rates_are_within_two_points_of_the_script(test_data, model):
    folder = test_data / "completions" / "language-confusion" / model
    if not folder.is_dir():
        pytest.skip(f"no published answers at {folder}")
    texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.jsonl"))]
    rows = [json.loads(line) for text in texts for line in text.split("\n") if line]
    # Two models have five times the answers of the others; the first 20 of each source are what the others have.
    parts = [[row for row in rows if row["task"] == part] for part in ("monolingual", "crosslingual")]
    for part, expected in zip(parts, AUTHORS[model], strict=True):
        assert average(part, "lpr") == pytest.approx(expected, abs=2.0)


FRENCH = "Le temps change vite en montagne, il faut donc emporter des vêtements chauds."
ENGLISH = "The weather in the mountains changes quickly, so take warm clothes with you."


@every_case(
    ("text", "language", "expected"),
    [
        (FRENCH, "fra_Latn", 1.0),
        (ENGLISH, "fra_Latn", 0.0),
        (f"{FRENCH}\n{ENGLISH}", "fra_Latn", 0.0),
        (f"{FRENCH}\nQ: {ENGLISH}", "fra_Latn", 1.0),
        (f"{FRENCH}\n```\nfor each line of the file do print it\n```", "fra_Latn", 0.0),
        ("山里的天气变化很快，所以请随身携带保暖的衣服。", "zho_Hans", 1.0),
        ("山里的天气变化很快，所以请随身携带保暖的衣服。", "zho_Hant", 1.0),
        ("Oui.", "fra_Latn", None),
        ("", "fra_Latn", None),
        ("天气好", "zho_Hans", None),
    ],
)
def test_the_rule(text, language, expected):
    assert lcb_line_pass(text, language) == expected


@every_case(
    ("text", "line_pass"),
    [
        (f"```\n{FRENCH}\n```", 1.0),
        (f"```text\n{ENGLISH}\n```", 0.0),
        (f"~~~markdown\n{ENGLISH}\n~~~", 0.0),
        (f"Voilà :\n```\n{FRENCH}", 1.0),
        (f"```python\n# {ENGLISH}\n```", None),
        (f"{FRENCH}\n```\n{ENGLISH}\n```", 1.0),
    ],
)
def test_answers_within_fences_are_looked_at_where_nothing_else_can_be(text, line_pass):
    item = Item("q", "q", "fra_Latn", "?", references=("-",))
    found = confusion_scores(item, Completion("s", "t", "fra_Latn", "q", 0, "q", "?", text=text))
    assert found.get("line_pass") == line_pass


def prompts(*rows):
    return [
        {"id": 0, "prompt": "Write a poem. Reply in Turkish.", "location": "End", "language": "tr"} | row
        for row in rows
    ]


def mirror(folder, rows):
    path = folder / "for-ai/language-confusion" / CONFIG / "test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return DataSource(folder)


def test_the_crosslingual_prompts_are_english_and_the_answer_is_not(tmp_path):
    data = mirror(tmp_path, prompts({}, {"language": "fr", "prompt": "Write a poem. Reply in French."}))
    (item,) = validate_items(task, "tur_Latn", task.items("tur_Latn", data))
    (other,) = validate_items(task, "fra_Latn", task.items("fra_Latn", data))
    assert item.source_id == other.source_id == "0"
    assert item.prompt.endswith("Reply in Turkish.")
    assert dict(item.fields) == {"answer_language": "tur_Latn", "location": "End"}
    turkish = "Dağlarda hava çabuk değişir, bu yüzden yanınıza sıcak tutan giysiler alın."
    for text, expected in ((turkish, 1.0), (ENGLISH, 0.0)):
        scores = task.score(item, Completion("s", task.card.name, "tur_Latn", "0", 0, "0", "?", text=text))
        assert scores == {"line_pass": expected, "lpr": expected}


def test_they_are_not_on_the_hub():
    with pytest.raises(NotOnHubError, match="is not on the hub") as caught:
        task.items("tur_Latn", DataSource(None))
    assert CONFIG in caught.value.fix


@pytest.mark.parametrize("location", ["Nowhere", None])
def test_an_unknown_location_is_refused(tmp_path, location):
    with pytest.raises(DataError, match="location"):
        list(task.items("tur_Latn", mirror(tmp_path, prompts({"location": location}))))


def test_the_real_prompts_are_the_same_in_14_languages(test_data):
    data = DataSource(test_data / "hub")
    ids = {code: [item.source_id for item in validate_items(task, code, task.items(code, data))] for code in CONFIGS}
    assert len(ids) == 14
    assert len(set(map(tuple, ids.values()))) == 1
