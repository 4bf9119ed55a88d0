"""Bundles of NeMo Evaluator: imported, and gated without having been run here."""

import json

import numpy as np
import pytest

from polyarena.harness import open_run
from polyarena.harness.cli import main
from polyarena.harness.importing import import_scores
from polyarena.tasks.errors import DataError

MODEL = "org/model"


@pytest.fixture(scope="module")
def rows(test_data):
    """Return genuine rows by benchmark, as the tool's own loop writes them to ``results.jsonl``."""
    folder = test_data / "foreign" / "nemo-evaluator"
    if not folder.is_dir():
        pytest.skip("the test data have no files of NeMo Evaluator")
    found = {}
    for file in sorted(folder.glob("*.json")):
        packaged = json.loads(file.read_text(encoding="utf-8"))
        found[file.stem] = [
            {"problem_idx": row.pop("idx"), "repeat": 0, "scorer_rewards": {}, **row} for row in packaged
        ]
    return found


def bundle(folder, benchmark, results, *, model=MODEL, **config):
    """Write a bundle in the layout of ``engine/artifacts.py``."""
    place = folder / benchmark
    place.mkdir(parents=True)
    content = {
        "run_id": f"eval-20261128T000000Z-{benchmark}",
        "config_hash": "sha256:0",
        "sdk_version": "0.3.1",
        "config": {"model": model, "temperature": 0.0, **config},
        "benchmark": {"name": benchmark, "samples": len(results), "repeats": 1, "scores": {}},
        "n_results": len(results),
    }
    (place / f"{content['run_id']}.json").write_text(json.dumps(content), encoding="utf-8")
    (place / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in results), encoding="utf-8")
    return folder


def many(row, rewards):
    """Return a row again for many problems, with these rewards."""
    return [{**row, "problem_idx": i, "reward": float(reward)} for i, reward in enumerate(rewards)]


def imported(folder, run):
    return import_scores("nemo-evaluator", folder, run, language="English").folder.path


def test_genuine_rows_give_their_mean_rewards(rows, tmp_path):
    for benchmark, results in rows.items():
        bundle(tmp_path / "out", benchmark, results)
    done = import_scores("nemo-evaluator", tmp_path / "out", tmp_path / "run", language="English")
    assert done.languages == dict.fromkeys(rows, ("eng_Latn",))
    records = open_run(tmp_path / "run")
    means = records.scores().groupby("task")["value"].mean().to_dict()
    assert means == {name: pytest.approx(np.mean([row["reward"] for row in each])) for name, each in rows.items()}
    assert set(records.scores()["metric"]) == {"reward"}
    (facts,) = records.lock.stored_answers.values()
    assert (facts["nemo-evaluator"], facts["temperature"]) == ("0.3.1", "0.0")
    assert records.completions()["text"].str.len().gt(0).all()


@pytest.fixture(scope="module")
def gated(rows, tmp_path_factory):
    """Return run folders of bundles of 300 problems: the old model, itself again, a worse one and a warmer one."""
    rng = np.random.default_rng(5)
    row = rows["gsm8k"][0]
    old = rng.random(300) < 0.7
    again = np.where(rng.random(300) < 0.02, ~old, old)
    worse = old & (rng.random(300) > 0.2)
    folder = tmp_path_factory.mktemp("bundles")
    failed = many(row, again & (np.arange(300) >= 40))
    for each in failed[:40]:
        each["scoring_details"] = {"error": "timeout", "error_category": "infra_error", "method": "infra_error"}
    sides = {
        "old": many(row, old),
        "again": many(row, again),
        "worse": many(row, worse),
        "broken": failed,
    }
    runs = {
        name: imported(bundle(folder / name, "gsm8k", each), folder / f"run-{name}") for name, each in sides.items()
    }
    warm = bundle(folder / "warm", "gsm8k", many(row, again), temperature=1.0)
    runs["warm"] = imported(warm, folder / "run-warm")
    new = bundle(folder / "new", "gsm8k", many(row, worse), model="org/model-v2")
    runs["new name"] = imported(new, folder / "run-new")
    return runs


@pytest.mark.parametrize(
    ("candidate", "code", "said"),
    [
        ("again", 0, "Passed: No regression found"),
        ("worse", 1, "Regressed: 1 of 4 checks failed, the worst English in gsm8k (reward)"),
        ("new name", 1, "Regressed: 1 of 4 checks failed, the worst English in gsm8k (reward)"),
        ("warm", 6, "stated temperature is '1.0' here, '0.0' there"),
        # Problems failed for no fault of the model: too few are paired, and that is no regression.
        ("broken", 6, "only 260 of 300 items are paired"),
    ],
)
def test_two_bundles_are_gated(gated, candidate, code, said, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    assert main(["gate", "check", "--baseline", str(gated["old"]), "--candidate", str(gated[candidate])]) == code
    assert said in capsys.readouterr().out


def test_the_first_row_that_is_not_the_tools_is_named(rows, tmp_path):
    for wrong in ({"reward": None}, {"problem_idx": "7"}, {"problem_idx": True}, {"reward": "high"}):
        folder = bundle(tmp_path / str(wrong), "gsm8k", [rows["gsm8k"][0], {**rows["gsm8k"][1], **wrong}])
        with pytest.raises(DataError, match=r"results\.jsonl:2"):
            imported(folder, tmp_path / "run")


def test_folders_that_are_no_bundle_say_what_is_missing(rows, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "results.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="no file is named eval-"):
        imported(other, tmp_path / "run")
    averages = bundle(tmp_path / "averages", "gsm8k", rows["gsm8k"])
    (averages / "gsm8k" / "results.jsonl").unlink()
    with pytest.raises(DataError, match="averages alone cannot be paired"):
        imported(averages, tmp_path / "run")
    twice = bundle(bundle(tmp_path / "twice", "gsm8k", rows["gsm8k"]) / "later", "gsm8k", rows["gsm8k"])
    with pytest.raises(DataError, match="has two bundles"):
        imported(twice.parent, tmp_path / "run")
    shared = bundle(tmp_path / "shared", "gsm8k", rows["gsm8k"])
    (file,) = (shared / "gsm8k").glob("eval-*.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    content["benchmark"]["name"] = "mmlu"
    file.with_name("eval-2-mmlu.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match="several bundles"):
        imported(shared, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def problems(numbers, text="What is {} plus one?"):
    """Return rows of problems; every third answer is wrong."""
    return [
        {
            "problem_idx": number,
            "repeat": 0,
            "reward": float(number % 3 > 0),
            "scorer_rewards": {},
            "prompt": text.format(number),
            "model_response": "an answer",
        }
        for number in numbers
    ]


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (problems(range(320)), 0, "Passed: No regression found"),
        (problems(range(5, 320)), 0, "20 item values of the baseline have no counterpart"),
        (problems(range(150)), 6, "only 150 of 300 items are paired"),
        (problems(range(320), "What is {} and one?"), 6, "eng_Latn.items is '"),
        (problems(range(1000, 1300)), 6, "eng_Latn.items is '"),
    ],
)
def test_bundles_with_other_sets_of_problems_are_paired_where_the_prompts_agree(
    asked, code, said, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "400")
    old = imported(bundle(tmp_path / "old", "sums", problems(range(300))), tmp_path / "run-old")
    new = imported(bundle(tmp_path / "new", "sums", asked), tmp_path / "run-new")
    assert main(["gate", "check", "--baseline", str(old), "--candidate", str(new)]) == code
    assert said in capsys.readouterr().out


def test_another_set_of_problems_in_one_benchmark_leaves_the_others_comparable(tmp_path, capsys):
    old = bundle(bundle(tmp_path / "old", "sums", problems(range(300))), "terms", problems(range(300)))
    new = bundle(bundle(tmp_path / "new", "sums", problems(range(310))), "terms", problems(range(300)))
    runs = [imported(folder, tmp_path / f"run-{folder.name}") for folder in (old, new)]
    assert main(["gate", "check", "--baseline", str(runs[0]), "--candidate", str(runs[1])]) == 0
    assert "incomparable" not in capsys.readouterr().out


def test_a_reference_file_has_no_prompts_to_compare(tmp_path, capsys):
    old = imported(bundle(tmp_path / "old", "sums", problems(range(300))), tmp_path / "run-old")
    new = imported(bundle(tmp_path / "new", "sums", problems(range(310))), tmp_path / "run-new")
    reference = tmp_path / "gate-baseline.parquet"
    assert main(["gate", "accept", str(old), "-o", str(reference)]) == 0
    assert main(["gate", "check", "--baseline", str(reference), "--candidate", str(new)]) == 6
