"""``polyarena compare``."""

import json

import pytest
import yaml

from polyarena.harness.cli.compare import _reach


@pytest.fixture
def folder(file, finished_run):
    return finished_run(yaml.safe_load(file.read_text())).folder.path


def test_battles_and_scores_are_compared(call, folder):
    code, out, err = call("compare", folder, "two", "one")
    assert (code, err) == (0, "")
    assert "toy_open: win_rate of two minus one in percentage points, judge long, against one" in out
    assert "toy_choice: acc of two minus one" in out
    assert "non-inferior" not in out
    assert "randomisation test" in out


def test_json_has_a_row_for_each_group(call, folder):
    code, out, _ = call("compare", folder, "two", "one", "--margin", "0.1", "--json")
    assert code == 0
    rows = json.loads(out)
    assert {row["metric"] for row in rows} == {"win_rate", "acc"}
    assert {row["level"] for row in rows} == {"macro", "tier", "language"}
    for row in rows:
        assert row["margin"] == 0.1
        assert row["non_inferiority"] in {"non-inferior", "inferior", "inconclusive"}
        assert row["difference"] == pytest.approx(row["value"] - row["value_against"])
        assert 0 < row["p_value"] <= 1


def test_the_other_way_round_is_the_mirror(call, folder):
    first, second = (
        json.loads(call("compare", folder, *pair, "--json")[1]) for pair in (("two", "one"), ("one", "two"))
    )
    assert [row["difference"] for row in first] == pytest.approx([-row["difference"] for row in second])


@pytest.mark.parametrize(("option", "kept"), [(("--metric", "acc"), "acc"), (("--task", "toy_open"), "win_rate")])
def test_one_metric_or_task(call, folder, option, kept):
    code, out, _ = call("compare", folder, "two", "one", *option, "--json")
    assert code == 0
    assert {row["metric"] for row in json.loads(out)} == {kept}


def test_groups_are_those_asked_for(call, folder):
    _, out, _ = call("compare", folder, "two", "one", "--groups", "script", "--groups", "family", "--json")
    assert {row["level"] for row in json.loads(out)} == {"macro", "script", "family", "language"}


def test_a_margin_adds_columns(call, folder):
    code, out, _ = call("compare", folder, "two", "one", "--margin", "0.9")
    assert code == 0
    assert "equivalent" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("two", "on"), "did you mean 'one'"),
        (("two", "two"), "itself"),
        (("two", "one", "--task", "toy_opn"), "did you mean 'toy_open'"),
        (("two", "one", "--metric", "acuracy"), "unknown metric"),
        (("two", "one", "--groups", "familly"), "did you mean 'family'"),
        (("two", "one", "--margin", "0"), "margin must be greater than 0"),
        (("two", "one", "--margin", "inf"), "margin must be greater than 0"),
        (("two", "one", "--margin", "nan"), "margin must be greater than 0"),
        (("two", "one", "--metric", "win_rates"), "did you mean 'win_rate'"),
        (("two", "one", "--metric", ""), "use one of: acc, win_rate"),
        (("two", "one", "--task", "toy_open", "--metric", "acc"), "in common"),
    ],
)
def test_what_cannot_be_compared_is_said(call, folder, arguments, said):
    code, out, err = call("compare", folder, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_folder_that_is_no_run(call, tmp_path):
    code, _, err = call("compare", tmp_path, "a", "b")
    assert code == 2
    assert "not a run folder" in err


@pytest.mark.parametrize(
    ("detectable", "scale", "shown"),
    [(1.196, 100, "over 100"), (0.5, 100, "50.0"), (1.5, 1, "1.5"), (None, 100, ""), (float("nan"), 100, "")],
)
def test_no_difference_of_shares_of_more_than_100_points_is_called_detectable(detectable, scale, shown):
    assert _reach(detectable, scale) == shown
