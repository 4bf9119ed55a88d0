"""Every option of a figure changes what is drawn or is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from polyarena.harness import plan, run
from polyarena.harness.reporting.figure_data import draw_figure
from polyarena.harness.reporting.figure_options import OPTIONS
from polyarena.harness.reporting.figure_request import FigureRequest
from polyarena.reports.figures import KINDS
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError
from polyarena.tasks.registry import find_task

LANGUAGES = ("deu_Latn", "fra_Latn", "hin_Deva", "spa_Latn")
SYSTEMS = ("good", "poor", "mixed", "base")
GIVEN = {
    "task": "quiz", "judge": "rules", "metric": "acc", "baseline": "base", "systems": ("good",), "by": "script",
    "languages": ("deu_Latn",), "people": "votes", "against": "poor", "resource": "joshi", "cost": "seconds",
    "items": (50,),
}  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of four systems whose answers are good in some languages, every pair judged."""
    folder = tmp_path_factory.mktemp("options")
    task = find_task("polyarena_mini")
    for s, system in enumerate(SYSTEMS):
        (folder / system).mkdir()
        for i, code in enumerate(LANGUAGES):
            rows = [
                {"item_id": item.item_id, "text": item.prompt if (k * (s + 2) + i) % 5 > s else ""}
                for k, item in enumerate(task.items(code, DataSource(None)))
            ]
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / system / f"{code}.jsonl").write_text(text, encoding="utf-8")
    experiment = {
        "name": "options",
        "systems": [{"name": name, "model": "completions", "args": {"path": str(folder / name)}} for name in SYSTEMS],
        "opponents": "all",
        "tasks": [{"task": "polyarena_mini", "languages": list(LANGUAGES)}],
        "judges": ["rules"],
        "statistics": {"rounds": 100},
    }
    return run(plan(experiment, output=folder / "run"), report=False).folder.path


def drawn(kind: str, run_: Path, **options: object) -> pd.DataFrame:
    return draw_figure(FigureRequest(kind, (run_,), **options)).data  # type: ignore[arg-type]


def test_every_kind_says_which_options_it_uses() -> None:
    assert set(OPTIONS) == set(KINDS)
    assert set().union(*OPTIONS.values()) == set(GIVEN)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_does_not_use_is_refused(tmp_path: Path, kind: str) -> None:
    for name in sorted(set(GIVEN) - OPTIONS[kind]):
        with pytest.raises(ExperimentError, match=f"has no use for --{name}|no meaning") as caught:
            draw_figure(FigureRequest(kind, (tmp_path,), **{name: GIVEN[name]}))
        assert f"leave out --{name}" in caught.value.fix


def test_a_metric_of_win_rates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="no use for --metric"):
        draw_figure(FigureRequest("forest", (tmp_path,), metric="acc"))


ONE = {"sensitivity": {"systems": ("good",), "baseline": "base"}, "power": {"systems": ("good",), "baseline": "base"},
       "steps": {"systems": ("poor", "good"), "baseline": "base"}, "win-tie-loss": {"baseline": "base"},
       "forest": {"baseline": "base"}, "heat-map": {"baseline": "base"}}  # fmt: skip


@pytest.mark.parametrize("kind", ["win-tie-loss", "forest", "heat-map", "steps", "ranks", "matrix", "bias",
                                  "sensitivity", "power"])  # fmt: skip
def test_languages_change_what_is_drawn(judged: Path, kind: str) -> None:
    options = ONE.get(kind, {})
    every = drawn(kind, judged, **options)
    two = drawn(kind, judged, **options, languages=("deu_Latn", "hin_Deva"))
    assert not two.reset_index(drop=True).equals(every.reset_index(drop=True))
    if "group" in two.columns and kind != "ranks":
        assert set(two["group"]) <= {"deu_Latn", "hin_Deva", "all"}
    with pytest.raises(ExperimentError, match=r"none of the languages|no game of this task"):
        drawn(kind, judged, **options, languages=("jpn_Jpan",))


@pytest.mark.parametrize("kind", ["steps", "ranks", "matrix", "sensitivity", "power", "forest", "heat-map"])
def test_a_caption_names_the_languages_that_were_chosen_where_the_figure_does_not(judged: Path, kind: str) -> None:
    def caption(*languages: str) -> str:
        request = FigureRequest(kind, (judged,), languages=languages, **ONE.get(kind, {}))  # type: ignore[arg-type]
        return draw_figure(request).caption

    by_language = kind in ("forest", "heat-map")
    assert ("Languages: German, Hindi." in caption("deu_Latn", "hin_Deva")) is not by_language
    assert ("Languages: 3 of 4, without Hindi." in caption("deu_Latn", "fra_Latn", "spa_Latn")) is not by_language
    assert "Languages:" not in caption()


@pytest.mark.parametrize("kind", ["ranks", "matrix", "bias"])
def test_systems_choose_and_unknown_ones_are_refused(judged: Path, kind: str) -> None:
    chosen = drawn(kind, judged, systems=("poor",) if kind == "bias" else ("base", "good", "poor"))
    assert not chosen.reset_index(drop=True).equals(drawn(kind, judged).reset_index(drop=True))
    if kind != "bias":
        assert set(chosen["system"]) == {"base", "good", "poor"}
    with pytest.raises(UnknownNameError, match="godo"):
        drawn(kind, judged, systems=("godo", "base"))


def test_a_matrix_of_chosen_languages_has_their_numbers(judged: Path) -> None:
    values = [drawn("matrix", judged, languages=(code,)).set_index(["system", "against"])["win_rate"]
              for code in ("deu_Latn", "hin_Deva")]  # fmt: skip
    both = drawn("matrix", judged, languages=("deu_Latn", "hin_Deva")).set_index(["system", "against"])["win_rate"]
    pd.testing.assert_series_equal((values[0] + values[1]) / 2, both)


def test_the_cost_figure_averages_the_chosen_languages(judged: Path, tmp_path: Path) -> None:
    prices = tmp_path / "price.csv"
    prices.write_text("system,cost\nbase,1\ngood,2\npoor,3\nmixed,4\n")
    options = {"baseline": "base", "cost": str(prices)}
    one = drawn("cost", judged, **options, languages=("spa_Latn",))
    rates = drawn("forest", judged, baseline="base", languages=("spa_Latn",))
    known = dict(zip(rates["system"], rates["value"], strict=True))
    assert {name: value for name, value in zip(one["system"], one["value"], strict=True) if name != "base"} == known
    with pytest.raises(ExperimentError, match="prices are known of whole systems"):
        drawn("cost", judged, baseline="base", cost="price", languages=("spa_Latn",))


def test_a_table_file_is_of_one_task_and_options_that_compute_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("system,level,group,value,task\na,language,deu_Latn,0.5,x\na,language,deu_Latn,0.7,y\n")
    with pytest.raises(ExperimentError, match="shows one task, and the data has 2"):
        draw_figure(FigureRequest("scores", (path,)))
    assert list(draw_figure(FigureRequest("scores", (path,), task="y")).data["value"]) == [0.7]
    with pytest.raises(UnknownNameError, match="z"):
        draw_figure(FigureRequest("scores", (path,), task="z"))
    with pytest.raises(ExperimentError, match="lacks the column metric"):
        draw_figure(FigureRequest("scores", (path,), task="y", metric="acc"))
    with pytest.raises(PolyarenaError, match="no meaning for a table file"):
        draw_figure(FigureRequest("resource", (path,), resource="joshi"))


def test_agreement_without_votes_says_how_to_import_them(judged):
    with pytest.raises(UnknownNameError, match="no votes of people called 'humans'") as caught:
        draw_figure(FigureRequest("agreement", (judged,)))
    assert "polyarena import votes" in caught.value.fix
    assert "--people" in caught.value.fix
