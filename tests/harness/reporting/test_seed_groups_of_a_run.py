"""A run with groups of seeds: estimates, tables, page, figures and exports have each group as one system."""

import pandas as pd
import pytest

from polyarena.harness import open_run
from polyarena.harness.exporting import every_eval_ever
from polyarena.harness.reporting.figure_data import draw_figure
from polyarena.harness.reporting.figure_request import FigureRequest
from polyarena.harness.reporting.write import write_report

EXPERIMENT = {
    "name": "seeds",
    "systems": [
        {"name": "base", "model": "toy", "args": {"voice": "base"}},
        {"name": "sft-0", "model": "toy", "args": {"voice": "one"}, "group": "sft"},
        {"name": "sft-1", "model": "toy", "args": {"voice": "two two"}, "group": "sft"},
        {"name": "dpo-0", "model": "toy", "args": {"voice": "three"}, "group": "dpo"},
        {"name": "dpo-1", "model": "toy", "args": {"voice": "four four four"}, "group": "dpo"},
    ],
    "baseline": "base",
    "tasks": ["toy_open", "toy_choice"],
    "judges": [{"name": "long", "judge": "toy_length"}],
    "statistics": {"rounds": 200},
}


@pytest.fixture
def records(finished_run):
    return open_run(finished_run(EXPERIMENT, report=True).folder)


def test_estimates_have_groups_and_no_seeds(records):
    estimates = records.estimates()
    assert set(estimates["system"]) == {"base", "sft", "dpo"}
    own = estimates[estimates["system"] != "base"]
    assert set(own["method"]) == {"seeds"}
    raw = records.scores()
    mean = raw[raw["system"].isin(["sft-0", "sft-1"])].groupby("language")["value"].mean().mean()
    found = own[(own["system"] == "sft") & (own["metric"] == "acc") & (own["level"] == "macro")]
    assert found["value"].item() == pytest.approx(mean)


def test_the_signature_depends_on_the_answers_of_every_seed(records):
    found = records.estimates().set_index(["system", "metric", "level"]).sort_index()
    digests = {name: found.loc[(name, "acc", "macro"), "signature"].split("cells:")[1][:8] for name in ("sft", "dpo")}
    assert digests["sft"] != digests["dpo"]


def test_scores_and_battles_keep_every_seed(records):
    assert set(pd.read_csv(records.folder.results / "scores.csv")["system"]) == {
        "base", "sft-0", "sft-1", "dpo-0", "dpo-1",
    }  # fmt: skip
    assert set(records.battles()["candidate"]) == {"sft-0", "sft-1", "dpo-0", "dpo-1"}


def test_the_page_names_groups_and_their_seeds(records):
    page = (records.folder.report / "index.html").read_text(encoding="utf-8")
    assert "sft is the mean of 2 training seeds (sft-0, sft-1)" in page
    assert "a seed of dpo" in page
    methods = (records.folder.report / "methods.txt").read_text(encoding="utf-8")
    assert "random-effects" in methods


def test_comparisons_with_the_baseline_are_of_groups(records):
    table = pd.read_csv(records.folder.results / "comparisons.csv")
    assert set(table["system"]) == {"sft", "dpo"}
    assert set(table["method"]) == {"seeds"}


def test_ranks_are_of_groups(records):
    ranking = pd.read_csv(records.folder.results / "ranking.csv")
    assert set(ranking["system"]) == {"base", "sft", "dpo"}


@pytest.mark.parametrize(
    "request_",
    [
        {"kind": "steps", "judge": "long", "systems": ("base", "sft", "dpo")},
        {"kind": "steps", "metric": "acc", "systems": ("base", "sft", "dpo")},
        {"kind": "forest", "systems": ("dpo",), "against": "sft", "metric": "acc"},
        {"kind": "win-tie-loss", "judge": "long"},
        {"kind": "ranks", "judge": "long"},
    ],
    ids=lambda each: f"{each['kind']}-{each.get('metric', 'battles')}",
)
def test_figures_take_groups(records, request_):
    drawing = draw_figure(FigureRequest(sources=(records.folder.path,), **request_))
    if request_["kind"] == "steps":
        assert list(drawing.data["stage"]) == ["base", "sft", "dpo"]
        assert drawing.data["gain"].notna().sum() == 2
        assert drawing.data["gain_low"].notna().any()


def test_a_report_is_the_same_when_it_is_made_again(records):
    before = (records.folder.results / "estimates.csv").read_bytes()
    write_report(records.folder, results_only=True)
    assert (records.folder.results / "estimates.csv").read_bytes() == before


def test_exports_have_groups(records, tmp_path):
    files = every_eval_ever.export(records, tmp_path) if hasattr(every_eval_ever, "export") else None
    from polyarena.harness.exporting.series import exported_estimates

    assert files is None or files
    assert {each.system for each in exported_estimates(records)} == {"base", "sft", "dpo"}
