"""Results and samples of lm-eval as systems of a run."""

import csv
import json
import shutil

import pytest

from polyarena.harness import open_run
from polyarena.harness.cli import main
from polyarena.harness.importing import import_scores, import_verdicts
from polyarena.harness.importing.leaderboards import import_published
from polyarena.tasks.errors import DataError, StoreError

DATE = "2026-01-02T03-04-05.678901"


def choice_sample(item, right):
    likelihoods = ["-1.5", "-0.5"] if right else ["-0.5", "-1.5"]
    return {
        "doc_id": item,
        "doc": {"question": f"Q{item}?", "gold": 1},
        "target": "1",
        "arguments": {f"gen_args_{n}": {"arg_0": f"Q{item}?", "arg_1": f" {c}"} for n, c in enumerate("AB")},
        "resps": [[[each, "False"]] for each in likelihoods],
        "filter": "none",
        "metrics": ["acc"],
        "acc": float(right),
    }


def text_sample(item, text, value, filtered="none", **doc):
    return {
        "doc_id": item,
        "doc": {"question": f"Q{item}?", **doc},
        "target": "4",
        "arguments": {"gen_args_0": {"arg_0": f"Q{item}?", "arg_1": {"until": ["Q"]}}},
        "resps": [[text]],
        "filter": filtered,
        "metrics": ["exact_match"],
        "exact_match": value,
    }


@pytest.fixture
def lm_eval(write):
    """``lm_eval(folder, {task: samples})``: a folder as lm-eval writes it; tasks with ``None`` have no samples."""

    def make(folder, tasks, model="org/model", date=DATE, changes=None):
        results = {"results": {}, "configs": {}, "versions": {}, "n-shot": {}, "n-samples": {}, "higher_is_better": {}}
        for name, samples in tasks.items():
            rows = samples or [choice_sample(0, True)]
            metric = rows[0]["metrics"][0]
            kept = {row["filter"] for row in rows}
            values = {
                f"{metric},{each}": sum(own) / len(own)
                for each in kept
                for own in [[row[metric] for row in rows if row["filter"] == each]]
            }
            results["results"][name] = {"alias": name, **values, f"{metric}_stderr,none": 0.1}
            results["configs"][name] = {
                "task": name,
                "dataset_path": "org/data",
                "output_type": "multiple_choice" if metric == "acc" else "generate_until",
                "metric_list": [{"metric": metric, "aggregation": "mean", "higher_is_better": True}],
                "target_delimiter": " ",
            }
            results["versions"][name], results["n-shot"][name] = 1.0, 0
            results["n-samples"][name] = {"original": len(rows) // len(kept), "effective": len(rows) // len(kept)}
            results["higher_is_better"][name] = {metric: True}
            if samples:
                write(f"{folder}/samples_{name}_{date}.jsonl", samples)
        results |= {"model_name": model, "config": {"model": "hf", "model_args": "x"}, "lm_eval_version": "0.4.9"}
        if changes:
            changes(results)
        return write(f"{folder}/results_{date}.json", results).parent

    return make


def choices(right, n=20):
    return [choice_sample(item, item < right) for item in range(n)]


def test_tasks_of_one_name_become_one_task_in_its_languages(lm_eval, tmp_path):
    done = import_scores("lm-eval", lm_eval("f", {"xcopa_sw": choices(8), "xcopa_th": choices(12)}), tmp_path / "run")
    assert done.languages == {"xcopa": ("swh_Latn", "tha_Thai")}
    assert (done.systems, done.renamed, done.unmapped) == (("org-model",), {"org/model": "org-model"}, ())
    records = open_run(tmp_path / "run")
    assert records.missing() == []
    scores = records.scores().groupby("language")["value"].mean()
    assert scores.to_dict() == {"swh_Latn": 0.4, "tha_Thai": 0.6}
    completions = records.completions()
    assert [list(map(float, completions["loglikelihoods"][0])), list(completions["choice_bytes"][0])] == [
        [-1.5, -0.5],
        [1, 1],
    ]
    assert records.scores()["signature"].unique().tolist() == ["metric:acc|filter:none|lm_eval:0.4.9"]
    assert records.lock.tasks["xcopa"].card.version == "lm-eval-1.0,0-shot"
    assert records.lock.stored_answers["org-model"]["lm-eval"] == "0.4.9"


def test_results_without_samples_are_refused_with_the_way_out(lm_eval, tmp_path):
    with pytest.raises(DataError, match="xcopa_sw have no samples") as caught:
        import_scores("lm-eval", lm_eval("f", {"xcopa_sw": None}), tmp_path / "run")
    assert "--log_samples" in caught.value.fix
    assert ".csv" in caught.value.fix
    assert "averages alone" in caught.value.why
    assert not (tmp_path / "run").exists()


def test_averages_without_samples_become_published_values(lm_eval, write, tmp_path):
    def group(results):
        results["results"]["xcopa"] = {"alias": "xcopa", "acc,none": 0.45, "acc_stderr,none": "N/A"}
        results["results"]["xcopa_sw"]["acc,none"] = 0.4

    folder = lm_eval("f", {"xcopa_sw": None, "xcopa_th": None}, changes=group)
    # An older run of a task does not count, nor does a group's average, whose tasks may have been run again since.
    older = {"xnli": {"alias": "xnli", "acc,none": 0.9}}
    lm_eval("f", {"xcopa_sw": None}, date="2025-01-01T00-00-00.000000", changes=lambda r: r["results"].update(older))
    done = import_published("lm-eval", folder, tmp_path / "published.csv")
    assert (done.systems, done.no_language) == (("org/model",), {"xcopa": 1})
    rows = list(csv.DictReader((tmp_path / "published.csv").read_text().splitlines()))
    assert [(row["benchmark"], row["language"], row["metric"], float(row["value"]), row["note"]) for row in rows] == [
        ("xcopa", "swh_Latn", "acc", 0.4, "lm-eval 0.4.9; printed with a standard error of 0.1"),
        ("xcopa", "tha_Thai", "acc", 1.0, "lm-eval 0.4.9; printed with a standard error of 0.1"),
        ("xcopa", "avg", "acc", 0.45, "lm-eval 0.4.9"),
    ]
    with pytest.raises(DataError, match="no results of lm-eval"):
        import_published("lm-eval", write("other/averages.json", {}).parent, tmp_path / "none.csv")


def test_a_task_without_samples_beside_others_is_named(lm_eval, tmp_path):
    done = import_scores("lm-eval", lm_eval("f", {"xcopa_sw": choices(8), "xcopa_th": None}), tmp_path / "run")
    assert done.languages == {"xcopa": ("swh_Latn",)}
    assert [(each.count, each.examples) for each in done.unmapped] == [(1, ("xcopa_th",))]


def test_a_language_that_cannot_be_found_is_named_or_given(lm_eval, tmp_path):
    folder = lm_eval("f", {"arc_easy": choices(8), "arc_sw": choices(3)})
    done = import_scores("lm-eval", folder, tmp_path / "run")
    assert done.languages == {"arc": ("swh_Latn",)}
    assert [(each.what, each.count) for each in done.unmapped] == [
        ("an item of arc_easy, whose language could not be found: neither its name nor a field names a language", 20)
    ]
    given = import_scores("lm-eval", folder, tmp_path / "given", language="en")
    assert given.languages == {"arc": ("swh_Latn",), "arc_easy": ("eng_Latn",)}
    with pytest.raises(DataError, match="language of arc_easy") as caught:
        import_scores("lm-eval", lm_eval("g", {"arc_easy": choices(8)}), tmp_path / "none")
    assert "--language" in caught.value.fix


def test_the_field_of_an_item_decides_before_the_name(lm_eval, tmp_path):
    samples = [text_sample(n, "4", 1.0, language="th" if n % 2 else "sw") for n in range(4)]
    done = import_scores("lm-eval", lm_eval("f", {"sums_de": samples}), tmp_path / "run")
    assert done.languages == {"sums_de": ("swh_Latn", "tha_Thai")}


def test_filters_are_metrics_and_thoughts_are_apart_from_answers(lm_eval, tmp_path):
    samples = [
        text_sample(n, f"<think>Let me add {n}.</think>It is 4.", value, filtered)
        for filtered, value in (("strict-match", 0.0), ("flexible-extract", 1.0))
        for n in range(3)
    ]
    import_scores("lm-eval", lm_eval("f", {"mgsm_sw": samples}), tmp_path / "run")
    records = open_run(tmp_path / "run")
    assert records.scores().groupby("metric")["value"].mean().to_dict() == {
        "exact_match-flexible-extract": 1.0,
        "exact_match-strict-match": 0.0,
    }
    completions = records.completions()
    assert completions["text"].unique().tolist() == ["It is 4."]
    assert completions["thought"].tolist() == [f"Let me add {n}." for n in range(3)]


def test_a_metric_that_is_not_the_mean_of_its_items_is_left_out(lm_eval, tmp_path):
    def changed(results):
        results["results"]["xcopa_sw"]["acc,none"] = 0.9

    with pytest.raises(DataError, match="xcopa_sw cannot be imported") as caught:
        import_scores("lm-eval", lm_eval("f", {"xcopa_sw": choices(8)}, changes=changed), tmp_path / "run")
    assert "not the mean of its values of items" in caught.value.why


def test_a_metric_of_the_other_direction_is_left_out(lm_eval, tmp_path):
    def changed(results):
        results["higher_is_better"]["xcopa_sw"]["acc"] = False

    with pytest.raises(DataError, match="cannot be imported") as caught:
        import_scores("lm-eval", lm_eval("f", {"xcopa_sw": choices(8)}, changes=changed), tmp_path / "run")
    assert "another direction" in caught.value.why


def test_the_newest_run_of_a_model_and_task_counts(lm_eval, tmp_path):
    lm_eval("f", {"xcopa_sw": choices(2)}, date="2025-01-01T00-00-00.0")
    done = import_scores("lm-eval", lm_eval("f", {"xcopa_sw": choices(8)}), tmp_path / "run")
    assert open_run(tmp_path / "run").scores()["value"].mean() == 0.4
    assert [each.what for each in done.unmapped] == ["an older run of the same model and task"]


def test_models_and_languages_are_added_and_a_judge_leaves_scores_alone(lm_eval, write, tmp_path):
    run = tmp_path / "run"
    import_scores("lm-eval", lm_eval("f", {"xcopa_sw": choices(8)}, model="old"), run)
    import_scores("lm-eval", lm_eval("g", {"xcopa_sw": choices(9), "xcopa_th": choices(3)}, model="new"), run)
    votes = [{"item_id": "0", "system_a": "old", "system_b": "new", "vote": "new", "language": "sw", "task": "xcopa"}]
    import_verdicts("votes", write("votes.jsonl", votes), run)
    records = open_run(run)
    assert records.lock.tasks["xcopa"].card.metrics == ("acc",)
    assert len(records.scores()) == 60
    assert main(["report", str(run), "--figures", "none"]) == 0
    estimates = records.estimates()
    own = estimates[(estimates["metric"] == "acc") & (estimates["group"] == "swh_Latn")]
    assert own.set_index("system")["value"].round(9).to_dict() == {"new": 0.45, "old": 0.4}


def test_another_measurement_and_an_own_experiment_are_refused(lm_eval, tmp_path):
    run = tmp_path / "run"
    import_scores("lm-eval", lm_eval("f", {"xcopa_sw": choices(8)}), run)

    def changed(results):
        results["versions"]["xcopa_sw"] = 2.0

    with pytest.raises(StoreError, match="measured otherwise"):
        import_scores("lm-eval", lm_eval("g", {"xcopa_sw": choices(8)}, changes=changed), run)


def test_the_gate_works_on_an_imported_pair(lm_eval, tmp_path, capsys):
    for name, right in (("old", 180), ("same", 180), ("worse", 60)):
        samples = {"xcopa_sw": choices(right, 200), "xcopa_th": choices(150, 200)}
        assert (
            main(["import", "lm-eval", str(lm_eval(name, samples, model=name)), "-o", str(tmp_path / f"r-{name}")]) == 0
        )
    check = ["gate", "check", "--baseline", str(tmp_path / "r-old"), "--json", "--candidate"]
    capsys.readouterr()
    assert main([*check, str(tmp_path / "r-same")]) == 0
    assert main([*check, str(tmp_path / "r-worse")]) == 1
    assert "swh_Latn" in capsys.readouterr().out


def test_the_gate_refuses_other_items(lm_eval, tmp_path, capsys):
    def other(row):
        return {**row, "doc": {**row["doc"], "question": "Other?"}}

    for name, samples in (("one", choices(8)), ("two", [other(row) for row in choices(8)])):
        import_scores("lm-eval", lm_eval(name, {"xcopa_sw": samples}), tmp_path / f"r-{name}")
    code = main(["gate", "check", "--baseline", str(tmp_path / "r-one"), "--candidate", str(tmp_path / "r-two")])
    assert code == 6


@pytest.mark.parametrize("option", ["--judge", "--task", "--baseline"])
def test_options_of_verdicts_are_refused(lm_eval, tmp_path, capsys, option):
    folder = lm_eval("f", {"xcopa_sw": choices(8)})
    assert main(["import", "lm-eval", str(folder), "-o", str(tmp_path / "run"), option, "x"]) == 2
    assert f"{option} has no meaning for lm-eval" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("other.json", {}, "no results of lm-eval"), ("results_1.json", [], "no result of lm-eval")],
)
def test_what_lm_eval_did_not_write_is_refused(write, tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        import_scores("lm-eval", write(f"f/{name}", content).parent, tmp_path / "run")


def test_a_broken_sample_names_its_line(lm_eval, tmp_path):
    samples = choices(8)
    samples[3]["resps"] = [[]]
    with pytest.raises(DataError, match="not what lm-eval writes") as caught:
        import_scores("lm-eval", lm_eval("f", {"xcopa_sw": samples}), tmp_path / "run")
    assert caught.value.where.endswith(".jsonl:4")


def test_genuine_results_are_reported_as_lm_eval_has_them(test_data, tmp_path, capsys):
    source = test_data / "foreign" / "lm-eval" / "run-here-dummy"
    run = tmp_path / "run"
    assert main(["import", "lm-eval", str(source), "-o", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["languages"] == {
        "belebele_local": ["deu_Latn", "eng_Latn"],
        "polymath_local": ["swh_Latn", "tha_Thai"],
    }
    assert (told["completions"], told["scores"], told["unmapped"]) == (80, 120, [])
    assert main(["report", str(run), "--figures", "none"]) == 0
    estimates = open_run(run).estimates()
    acc = estimates[(estimates["metric"] == "acc") & (estimates["level"] == "language")]
    assert acc.set_index("group")["value"].round(9).to_dict() == {"deu_Latn": 0.35, "eng_Latn": 0.25}
    shutil.copytree(run, tmp_path / "again")
    code = main(["gate", "check", "--baseline", str(run), "--candidate", str(tmp_path / "again")])
    assert code == 0


def test_genuine_samples_that_are_not_all_there_are_counted(test_data, tmp_path):
    done = import_scores("lm-eval", test_data / "foreign" / "lm-eval" / "eee-fixture", tmp_path / "run", language="en")
    assert [(each.count, each.examples) for each in done.unmapped] == [
        (1, ("math_perturbed_full: 10 of 5000 items",)),
        (1, ("math_rephrased_full",)),
    ]


def test_runs_with_other_limits_are_gated_on_the_items_of_both(lm_eval, tmp_path, capsys):
    folders = {name: lm_eval(name, {"xcopa_sw": choices(80, n)}) for name, n in {"old": 100, "new": 120}.items()}
    runs = {
        name: import_scores("lm-eval", each, tmp_path / f"run-{name}").folder.path for name, each in folders.items()
    }
    assert main(["gate", "check", "--baseline", str(runs["old"]), "--candidate", str(runs["new"])]) == 0
    assert "incomparable" not in capsys.readouterr().out
    few = import_scores("lm-eval", lm_eval("few", {"xcopa_sw": choices(40, 50)}), tmp_path / "run-few").folder.path
    assert main(["gate", "check", "--baseline", str(runs["old"]), "--candidate", str(few)]) == 6
    assert "only 50 of 100 items are paired" in " ".join(capsys.readouterr().out.split())
