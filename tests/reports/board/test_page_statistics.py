"""The page computes what reports.stats computes, to 1e-9, and what reports.board.standings computes."""

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.board.model import BoardSettings, Column
from polyarena.reports.board.packing import rounded_cells
from polyarena.reports.board.standings import cells_of, standings
from polyarena.reports.stats import compare, mean_scores, suite_averages, win_rates
from polyarena.tasks.metrics.metric import Direction

EXACT = 1e-9
SETTINGS = BoardSettings()
STANDINGS = """
import { openColumn } from "SITE/columns.js";
import { standings } from "SITE/standings.js";
function main({ columns, settings, languages, systems }) {
  const open = columns.map(({ facts, packed }) => openColumn(facts, packed));
  const found = standings(open, settings, languages && new Set(languages), systems && new Set(systems));
  return { ...found, averages: found.averages.map(({ place, ...average }) => average) };
}
"""
QUANTILES = """
import { normalQuantile, studentQuantile } from "SITE/quantiles.js";
const main = ({ normal, student }) => [normal.map(normalQuantile),
  student.map(([p, f]) => studentQuantile(p, f))];
"""
PAIR = """
import { openColumn } from "SITE/columns.js";
import { pairedDifference } from "SITE/standings.js";
const main = ({ column: { facts, packed }, one, other, codes }) =>
  pairedDifference(openColumn(facts, packed), one, other, codes, 0.95);
"""


def in_page(node, made, columns, *, languages=None, systems=None, coverage=0.9):
    return node(
        STANDINGS,
        {
            "columns": made.shipped(columns),
            "settings": {"confidence": 0.95, "coverage": coverage},
            "languages": languages,
            "systems": systems,
        },
    )


def same(found, expected):
    assert (found is None) == (expected is None or pd.isna(expected))
    if found is not None:
        assert found == pytest.approx(expected, abs=EXACT, rel=EXACT)


def same_standings(page, python):
    assert page["toldApart"] == python.distinct_neighbours
    assert page["neighbours"] == python.neighbours
    assert [each["system"] for each in page["averages"]] == [each.system for each in python.averages]
    for found, expected in zip(page["averages"], python.averages, strict=True):
        for name, attribute in (("value", "value"), ("error", "standard_error"), ("low", "low"), ("high", "high")):
            same(found[name], getattr(expected, attribute))
        ranks = (found["rank"], found["rankLow"], found["rankHigh"], found["tieGroup"])
        assert ranks == (expected.rank, expected.rank_low, expected.rank_high, expected.tie_group)
        assert tuple(found["coverage"]) == expected.coverage
        assert found["n"] == expected.n
        assert found["note"] == expected.note


def test_quantiles_are_those_of_scipy(node):
    from scipy.special import ndtri, stdtrit

    normal = [1e-12, 0.001, 0.2, 0.5, 0.7, 0.975, 0.999999]
    student = [(p, f) for p in (0.6, 0.975, 0.9995, 0.999999) for f in (1, 1.7, 4, 33.3, 499, 1999.5, 2000.5, 1e6)]
    found = node(QUANTILES, {"normal": normal, "student": student})
    np.testing.assert_allclose(found[0], ndtri(normal), rtol=1e-12)
    np.testing.assert_allclose(found[1], [stdtrit(f, p) for p, f in student], rtol=1e-11)


@pytest.mark.parametrize(
    ("kind", "parallel", "drop"),
    [("binary", True, 0.0), ("binary", False, 0.0), ("share", True, 0.2), ("binary", True, 0.3)],
)
@pytest.mark.parametrize("languages", [None, ["deu_Latn", "swh_Latn"], ["hin_Deva"]])
def test_the_page_repeats_mean_scores(node, made, kind, parallel, drop, languages):
    frame = made.scores(kind=kind, parallel=parallel, drop=drop, n=40)
    page = in_page(node, made, made.columns_of(frame), languages=languages)
    own = frame if languages is None else frame[frame["language"].isin(languages)]
    expected = mean_scores(own, groupings={}).query("level == 'macro'").set_index("system")
    assert len(page["averages"]) == 3
    for each in page["averages"]:
        row = expected.loc[each["system"]]
        same(each["value"], row["value"])
        same(each["error"], row["standard_error"])
        same(each["low"], row["low"])
        same(each["high"], row["high"])
        assert each["n"] == row["n"]


def test_strata_are_those_of_the_chosen_languages(node, made):
    """Two languages that only a third one connects are resampled apart once it is filtered out."""
    frame = made.scores(n=30, languages=("deu_Latn", "fra_Latn", "hin_Deva"))
    number = frame["source_id"].str[1:].astype(int)
    apart = (frame["language"] == "deu_Latn") & (number < 15) | (frame["language"] == "fra_Latn") & (number >= 15)
    frame = frame[apart | (frame["language"] == "hin_Deva")]
    page = in_page(node, made, made.columns_of(frame), languages=["deu_Latn", "fra_Latn"])
    own = frame[frame["language"] != "hin_Deva"]
    expected = mean_scores(own, groupings={}).query("level == 'macro'").set_index("system")
    for each in page["averages"]:
        same(each["low"], expected.loc[each["system"], "low"])


def test_the_page_repeats_win_rates(node, made):
    frame = made.battles()
    page = in_page(node, made, made.columns_of(frame), languages=["deu_Latn", "fra_Latn"])
    own = frame[frame["language"].isin(["deu_Latn", "fra_Latn"])]
    expected = win_rates(own, groupings={}).query("level == 'macro'").set_index("system")
    for each in page["averages"]:
        same(each["low"], expected.loc[each["system"], "low"])
        same(each["high"], expected.loc[each["system"], "high"])


def test_the_page_repeats_averages_over_tasks(node, made):
    frame = pd.concat([made.scores(task="one", n=30), made.scores(task="two", n=50, seed=5, kind="share")])
    page = in_page(node, made, made.columns_of(frame))
    expected = suite_averages(frame, {"all": ["one", "two"]}).set_index("system")
    for each in page["averages"]:
        row = expected.loc[each["system"]]
        for name, column in (("value", "value"), ("error", "standard_error"), ("low", "low"), ("high", "high")):
            same(each[name], row[column])


@pytest.mark.parametrize("pair", [("alpha", "gamma"), ("beta", "alpha")])
def test_the_page_repeats_paired_comparisons(node, made, pair):
    frame = made.scores(n=50)
    column = made.shipped(made.columns_of(frame))[0]
    found = node(PAIR, {"column": column, "one": pair[0], "other": pair[1], "codes": list(made.LANGUAGES)})
    row = compare(frame, *pair, groupings={}).query("level == 'macro'").iloc[0]
    same(found["value"], row["difference"])
    same(found["error"], row["standard_error"])
    same(found["low"], row["low"])
    same(found["high"], row["high"])


@pytest.mark.parametrize("kind", ["binary", "share", "real"])
@pytest.mark.parametrize("direction", list(Direction))
def test_page_and_python_agree_on_ranks(node, made, kind, direction):
    systems = tuple(f"s{i}" for i in range(7))
    limits = {"low": None, "high": None} if kind == "real" else {}
    frame = made.scores(metric="reward" if kind == "real" else "acc", kind=kind, systems=systems)
    columns = made.columns_of(frame, direction=direction, **limits)
    python = standings(columns, SETTINGS)
    same_standings(in_page(node, made, columns), python)
    assert python.neighbours == 6
    assert {each.rank for each in python.averages} == set(range(1, 8))


def test_values_without_bounds_have_the_t_interval(node, made):
    frame = made.scores(metric="reward", kind="real", n=40, languages=("deu_Latn",))
    columns = made.columns_of(frame, low=None, high=None)
    for each in in_page(node, made, columns)["averages"]:
        values = frame[frame["system"] == each["system"]]["value"]
        from scipy.stats import t

        half = t.ppf(0.975, 39) * values.std() / np.sqrt(40)
        same(each["low"], values.mean() - half)


def test_a_system_that_lacks_languages_is_shown_and_not_ranked(node, made):
    frame = made.scores()
    frame = frame[~((frame["system"] == "beta") & (frame["language"] != "deu_Latn"))]
    columns = made.columns_of(frame)
    python = standings(columns, SETTINGS)
    last = python.averages[-1]
    assert (last.system, last.rank, last.value, last.coverage) == ("beta", None, None, (1, 4))
    same_standings(in_page(node, made, columns), python)
    german = standings(columns, SETTINGS, languages=frozenset({"deu_Latn"}))
    assert {each.rank for each in german.averages} == {1, 2, 3}


def test_a_lower_threshold_averages_over_the_common_languages(node, made):
    frame = made.scores()
    frame = frame[~((frame["system"] == "beta") & (frame["language"] == "swh_Latn"))]
    columns = made.columns_of(frame)
    found = standings(columns, BoardSettings(coverage=0.7))
    assert found.languages[columns[0].key] == ("deu_Latn", "fra_Latn", "hin_Deva")
    same_standings(in_page(node, made, columns, coverage=0.7), found)


def test_systems_that_always_differ_are_told_apart(node, made):
    frame = made.scores(n=30, systems=("never", "always"))
    frame["value"] = (frame["system"] == "always").astype(float)
    columns = made.columns_of(frame)
    found = standings(columns, SETTINGS)
    assert (found.distinct_neighbours, found.averages[0].system, found.averages[0].rank_high) == (1, "always", 1)
    same_standings(in_page(node, made, columns), found)


def test_equal_systems_share_a_rank(node, made):
    frame = made.scores(systems=("one",))
    columns = made.columns_of(pd.concat([frame, frame.assign(system="two")]))
    found = standings(columns, SETTINGS)
    assert [(each.rank, each.tie_group, each.rank_low, each.rank_high) for each in found.averages] == [(1, 1, 1, 2)] * 2
    same_standings(in_page(node, made, columns), found)


def test_one_system_has_no_neighbour(node, made):
    columns = made.columns_of(made.scores(systems=("alone",)))
    found = standings(columns, SETTINGS)
    assert (found.neighbours, found.averages[0].rank) == (0, 1)
    same_standings(in_page(node, made, columns), found)


def test_one_item_has_no_interval(node, made):
    columns = made.columns_of(made.scores(n=1))
    found = standings(columns, SETTINGS)
    assert found.averages[0].low is None
    assert "one source item" in found.averages[0].note
    same_standings(in_page(node, made, columns), found)


def test_no_language_is_no_ranking(node, made):
    columns = made.columns_of(made.scores())
    assert standings(columns, SETTINGS, languages=frozenset({"jpn_Jpan"})).averages == ()
    assert in_page(node, made, columns, languages=["jpn_Jpan"])["averages"] == []


def approximated(columns):
    return [Column(c.key, c.task, c.title, c.metric, c.judge, c.baseline, c.signature, rounded_cells(cells_of(c.table)))
            for c in columns]  # fmt: skip


@pytest.mark.parametrize("tasks", [1, 3])
def test_page_and_python_agree_on_the_approximate_method(node, made, tasks):
    frame = pd.concat([made.scores(task=f"t{i}", seed=i, n=50) for i in range(tasks)])
    columns = approximated(made.columns_of(frame))
    same_standings(in_page(node, made, columns, languages=["deu_Latn", "fra_Latn"]),
                   standings(columns, SETTINGS, languages=frozenset({"deu_Latn", "fra_Latn"})))  # fmt: skip


@pytest.mark.parametrize("kind", ["binary", "share"])
def test_approximate_half_widths_are_near_the_exact_ones(made, kind):
    columns = made.columns_of(made.scores(kind=kind, n=100))
    exact, near = standings(columns, SETTINGS), standings(approximated(columns), SETTINGS)
    widths = {each.system: each.high - each.low for each in exact.averages}
    for each in near.averages:
        assert (each.high - each.low) / widths[each.system] == pytest.approx(1, abs=0.1)
