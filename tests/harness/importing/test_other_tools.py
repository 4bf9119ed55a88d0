"""Genuine files of lighteval, inspect, HELM and Every Eval Ever, and what is wrong in files like them."""

import json
import shutil
import zipfile

import pytest

from polyarena.harness import open_run
from polyarena.harness.board.published import read_published
from polyarena.harness.cli import main
from polyarena.harness.importing import import_scores
from polyarena.harness.importing.leaderboards import import_published
from polyarena.tasks.errors import DataError, UnknownNameError


@pytest.fixture
def foreign(test_data):
    folder = test_data / "foreign"
    if not folder.is_dir():
        pytest.skip("the test data have no files of other tools")
    return folder


def means(run):
    scores = open_run(run).scores()
    return scores.groupby(["task", "language", "metric"])["value"].mean().to_dict()


def test_lighteval_gives_the_averages_that_it_printed(foreign, tmp_path):
    done = import_scores("lighteval", foreign / "lighteval" / "run-here-dummy", tmp_path / "run")
    assert done.languages == {
        "belebele_local": ("deu_Latn", "eng_Latn"),
        "polymath_local": ("swh_Latn", "tha_Thai"),
    }
    found = means(tmp_path / "run")
    assert found["belebele_local", "eng_Latn", "acc"] == pytest.approx(1 / 3)
    assert found["belebele_local", "deu_Latn", "acc"] == pytest.approx(1 / 4)


def test_inspect_gives_the_averages_that_it_printed(foreign, tmp_path):
    done = import_scores("inspect", foreign / "inspect" / "run-here-mockllm", tmp_path / "run")
    assert done.systems == ("mockllm-model",)
    found = means(tmp_path / "run")
    assert found["belebele", "deu_Latn", "choice"] == 0.375
    assert any(task == "polymath" and value == 0.125 for (task, _, _), value in found.items())
    completions = open_run(tmp_path / "run").completions()
    assert set(completions["sample_index"]) == {0, 1}
    assert not completions["prompt"].str.startswith("attachment://").any()
    assert any("older run" in each.what for each in done.unmapped)


def test_inspect_archives_say_the_same_as_json(foreign, tmp_path):
    source = foreign / "inspect" / "run-here-mockllm"
    for suffix in ("json", "eval"):
        (tmp_path / suffix).mkdir()
        for file in source.glob(f"*.{suffix}"):
            shutil.copy(file, tmp_path / suffix)
        import_scores("inspect", tmp_path / suffix, tmp_path / f"run-{suffix}")
    assert means(tmp_path / "run-json") == means(tmp_path / "run-eval")


def test_a_failed_inspect_log_is_refused_with_its_status(foreign, tmp_path):
    with pytest.raises(DataError, match="status 'error'"):
        import_scores("inspect", foreign / "inspect" / "run-here-errored", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_broken_archive_is_named(tmp_path):
    (tmp_path / "log.eval").write_bytes(b"PK not a zip")
    with pytest.raises(DataError, match="log cannot be read"):
        import_scores("inspect", tmp_path, tmp_path / "run")
    with zipfile.ZipFile(tmp_path / "log.eval", "w") as archive:
        archive.writestr("other.json", "{}")
    with pytest.raises(DataError, match="log cannot be read"):
        import_scores("inspect", tmp_path, tmp_path / "run")


def test_helm_gives_the_averages_that_it_printed(foreign, tmp_path):
    done = import_scores("helm", foreign / "helm", tmp_path / "run", language="English")
    assert set(done.languages) == {"commonsense", "mmlu_philosophy", "narrative_qa"}
    folder = next((foreign / "helm").glob("mmlu*"))
    stats = json.loads((folder / "stats.json").read_text(encoding="utf-8"))
    plain = [each for each in stats if each["name"]["split"] == "test" and "perturbation" not in each["name"]]
    printed = {each["name"]["name"]: each["mean"] for each in plain if each.get("count")}
    found = {metric: value for (task, _, metric), value in means(tmp_path / "run").items() if task == "mmlu_philosophy"}
    assert found["exact_match"] == pytest.approx(printed["exact_match"])
    assert not any(metric.startswith("num_") for metric in found)


def test_a_language_that_nobody_names_is_an_error(foreign, tmp_path):
    with pytest.raises(DataError, match="could not be found") as refused:
        import_scores("helm", foreign / "helm", tmp_path / "run")
    assert "--language" in refused.value.fix


@pytest.mark.parametrize("format", ["lighteval", "helm", "every-eval-ever", "inspect"])
def test_folders_of_something_else_are_refused(format, tmp_path):
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError):
        import_scores(format, tmp_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_records_without_samples_are_counted(foreign, tmp_path):
    done = import_scores("every-eval-ever", foreign / "every-eval-ever", tmp_path / "run", language="eng_Latn")
    assert [each.what for each in done.unmapped] == ["a record without samples"]
    assert means(tmp_path / "run") == {("demo-source.demo_bench", "eng_Latn", "accuracy"): 1.0}


def test_an_item_that_stands_twice_is_an_error(foreign, tmp_path):
    shutil.copytree(foreign / "helm", tmp_path / "helm")
    path = next((tmp_path / "helm").glob("mmlu*")) / "per_instance_stats.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps([*rows, rows[0]]), encoding="utf-8")
    with pytest.raises(DataError, match="appears twice"):
        import_scores("helm", tmp_path / "helm", tmp_path / "run", language="eng_Latn")


def test_euroeval_becomes_published_values(foreign, tmp_path):
    done = import_published("euroeval", foreign / "euroeval" / "made_benchmark_results.jsonl", tmp_path / "p.csv")
    values = read_published(tmp_path / "p.csv")
    assert (done.values, len(values)) == (7, 7)
    # The old and the new key of the language, and never the half-interval as a value.
    assert {value.language for value in values} == {"dan_Latn", "deu_Latn", "swe_Latn"}
    assert not any(value.metric.endswith("_se") for value in values)
    assert next(v.value for v in values if v.benchmark == "angry-tweets" and v.metric == "mcc") == 40.54151


def test_leaderboards_become_published_values(test_data, tmp_path):
    board = test_data / "verdicts" / "ko-arena-hard" / "leaderboard_no_control.csv"
    assert main(["import", "arena-hard", str(board), "-o", str(tmp_path / "a.csv"), "--language", "Korean"]) == 0
    values = read_published(tmp_path / "a.csv")
    assert values[0].value == 87.29
    assert {value.language for value in values} == {"kor_Hang"}
    (tmp_path / "alpaca.csv").write_text("name,win_rate,length_controlled_winrate\nmine,10.5,12.25\n", encoding="utf-8")
    import_published("alpaca-eval", tmp_path / "alpaca.csv", tmp_path / "b.csv")
    assert {value.metric: value.value for value in read_published(tmp_path / "b.csv")} == {
        "win_rate": 10.5,
        "length_controlled_winrate": 12.25,
    }


def test_averages_cannot_become_a_run(foreign, tmp_path, capsys):
    path = str(foreign / "euroeval" / "made_benchmark_results.jsonl")
    assert main(["import", "euroeval", path, "-o", str(tmp_path / "run")]) == 2
    assert "published values" in capsys.readouterr().err
    assert main(["import", "euroeval", path, "-o", str(tmp_path / "p.csv"), "--judge", "x"]) == 2
    assert main(["import", "lighteval", path, "-o", str(tmp_path / "p.csv")]) == 2


def test_a_misspelt_format_is_named(tmp_path):
    from polyarena.harness.importing import find_format

    with pytest.raises(UnknownNameError, match="did you mean 'lighteval'"):
        find_format("lightevl")


def test_published_values_are_replaced_by_newer_ones_and_never_lost(tmp_path, capsys):
    scores, target = tmp_path / "scores.csv", tmp_path / "p.CSV"
    scores.write_text("model,score\na,10\nb,20\n")
    command = ["import", "arena-hard", str(scores), "-o", str(target)]
    assert main(command) == 0
    assert "written to" in capsys.readouterr().out
    scores.write_text("model,score\na,11\nb,20\nc,30\n")
    assert main(command) == 0
    assert "replaced" in capsys.readouterr().out
    before = target.read_bytes()
    scores.write_text("model,score\nd,10\n")
    assert main(command) != 0
    assert "3 values of Arena-Hard would be lost" in " ".join(capsys.readouterr().err.split())
    assert target.read_bytes() == before
