"""``compare`` reads the direction of metrics: nearer to 0 is better for delta_g, and fewer undecided genders."""

import json

import pytest

GERMAN = {
    "nurse": ("Die Krankenschwester", "Der Krankenpfleger"),
    "cook": ("Die Köchin", "Der Koch"),
    "teacher": ("Die Lehrerin", "Der Lehrer"),
    "baker": ("Die Bäckerin", "Der Bäcker"),
}


@pytest.fixture
def folder(tmp_path, call):
    """A run on WinoMT in German: one system translates every gender as it is, one makes everybody a man."""
    rows, answers = [], {"fair": [], "men": []}
    for number in range(80):
        occupation = list(GERMAN)[number % 4]
        gender = ("female", "male")[number // 4 % 2]
        pronoun = {"female": "she", "male": "he"}[gender]
        sentence = f"The {occupation} number {number} saw the guard because {pronoun} hid."
        rows.append({"gender": gender, "index": 1, "sentence": sentence, "occupation": occupation})
        female, male = GERMAN[occupation]
        answers["fair"].append(f"{female if gender == 'female' else male} Nummer {number} versteckte sich.")
        answers["men"].append(f"{male} Nummer {number} versteckte sich.")
    data = tmp_path / "data" / "winomt"
    data.mkdir(parents=True)
    for name, part in {"en": rows, "en_pro": rows[:40], "en_anti": rows[40:]}.items():
        (data / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    for system, texts in answers.items():
        (tmp_path / system).mkdir()
        lines = [json.dumps({"item_id": str(n + 1), "text": text}) for n, text in enumerate(texts)]
        (tmp_path / system / "deu_Latn.jsonl").write_text("\n".join(lines), encoding="utf-8")
    experiment = {
        "name": "gender",
        "systems": [{"name": name, "model": "completions", "args": {"path": str(tmp_path / name)}} for name in answers],
        "tasks": ["winomt"],
        "languages": ["deu_Latn"],
        "data_root": str(tmp_path / "data"),
        "statistics": {"rounds": 500},
    }
    (tmp_path / "gender.yaml").write_text(json.dumps(experiment))
    assert call("run", tmp_path / "gender.yaml", "--output", tmp_path / "run")[0] == 0
    return tmp_path / "run"


def test_a_system_that_makes_everybody_a_man_is_worse(folder, call):
    """Case 8."""
    code, out, _ = call("compare", folder, "men", "fair", "--json")
    assert code == 0
    rows = {(row["metric"], row["level"]): row for row in json.loads(out)}
    bias = rows["delta_g", "language"]
    assert bias["difference"] > 0.4
    assert (bias["value_against"], bias["outcome"]) == (pytest.approx(0.0), "worse")
    assert rows["gender_acc", "language"]["outcome"] == "worse"
    mirrored = {
        (row["metric"], row["level"]): row for row in json.loads(call("compare", folder, "fair", "men", "--json")[1])
    }
    assert mirrored["delta_g", "language"]["outcome"] == "better"
