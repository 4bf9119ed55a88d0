"""Judges of a run beside people and in panels: counted by hand, and what cannot be compared."""

import json
from statistics import fmean

import pytest

from polyarena.harness import open_run
from polyarena.harness.auditing import run_agreement, run_panel
from polyarena.harness.importing import ImportOptions, import_verdicts
from polyarena.judges.panels import PanelRule
from polyarena.tasks.errors import DataError, ExperimentError, StoreError, UnknownNameError

VERDICTS = {
    "deu_Latn": {"kind": "AAAAAB", "harsh": "AABBBB", "odd": "BBBAAA"},
    "tha_Thai": {"kind": "AAAA", "harsh": "AABB", "odd": "BBBB"},
}
"""By language and judge: for each item, who wins in both orders, the candidate (A) or the baseline (B)."""


def rows(baseline="base", candidate="ours", verdicts=VERDICTS):
    for code, judges in verdicts.items():
        for judge, wins in judges.items():
            for item, winner in enumerate(wins):
                for a, b in ((candidate, baseline), (baseline, candidate)):
                    won = (a == candidate) == (winner == "A")
                    yield {"item_id": f"{item}", "system_a": a, "system_b": b, "judge": judge, "language": code,
                           "task": "t", "label": "A>B" if won else "B>A"}  # fmt: skip


def imported(place, found, baseline="base"):
    path = place / "games.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    import_verdicts("polyarena", path, place / "run", ImportOptions(baseline=baseline))
    return open_run(place / "run")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return imported(tmp_path_factory.mktemp("judged"), rows())


def share(judge, code):
    wins = VERDICTS[code][judge]
    return wins.count("A") / len(wins)


def majority(code, judges):
    """The win rate of two or three judges, a tie counting half, as one would count it on paper."""
    scores = []
    for each in zip(*(VERDICTS[code][judge] for judge in judges), strict=True):
        wins = each.count("A")
        scores.append(0.5 if 2 * wins == len(each) else float(2 * wins > len(each)))
    return fmean(scores)


def test_the_whole_panel_and_each_one_left_out_are_counted_by_hand(records):
    judges = ["kind", "harsh", "odd"]
    _, left_out = run_panel(records, None, judges)
    whole = fmean(majority(code, judges) for code in VERDICTS)
    assert {row.member for row in left_out} == {"", *judges}
    for row in left_out:
        rest = [judge for judge in judges if judge != row.member]
        assert row.languages == {code: pytest.approx(majority(code, rest)) for code in VERDICTS}
        assert row.win_rate == pytest.approx(fmean(row.languages.values()))
        assert row.difference == pytest.approx(row.win_rate - whole)
        assert (row.task, row.candidate, row.baseline) == ("t", "ours", "base")


def test_of_two_judges_each_left_out_leaves_the_other_s_own_win_rate(records):
    _, left_out = run_panel(records, None, ["kind", "odd"])
    by_member = {row.member: row.languages for row in left_out}
    assert by_member["kind"] == {code: pytest.approx(share("odd", code)) for code in VERDICTS}
    assert by_member["odd"] == {code: pytest.approx(share("kind", code)) for code in VERDICTS}


def test_by_their_mean_the_panel_is_between_its_members(records):
    _, left_out = run_panel(records, None, ["kind", "harsh", "odd"], PanelRule.MEAN)
    whole = next(row for row in left_out if not row.member)
    assert whole.languages == {
        code: pytest.approx(fmean(share(judge, code) for judge in VERDICTS[code])) for code in VERDICTS
    }


def test_the_order_of_the_judges_changes_no_number(records):
    _, one = run_panel(records, None, ["kind", "harsh", "odd"])
    _, other = run_panel(records, None, ["odd", "kind", "harsh"])
    assert [(row.member, pytest.approx(row.win_rate)) for row in one] == [(row.member, row.win_rate) for row in other]


@pytest.mark.parametrize("names", [("aaa", "zzz"), ("zzz", "aaa")])
def test_the_baseline_is_the_experiment_s_whatever_its_name(tmp_path, names):
    candidate, baseline = names
    records = imported(tmp_path, rows(baseline, candidate), baseline)
    _, left_out = run_panel(records, None, ["kind", "harsh", "odd"])
    assert {(row.candidate, row.baseline) for row in left_out} == {(candidate, baseline)}
    expected = fmean(majority(code, ["kind", "harsh", "odd"]) for code in VERDICTS)
    assert next(row for row in left_out if not row.member).win_rate == pytest.approx(expected)


def test_members_agree_with_themselves_by_language(records):
    require_equal, _ = run_panel(records, None, ["kind", "harsh"])
    assert [(row.language, row.n) for row in require_equal] == [("all", 10), ("deu_Latn", 6), ("tha_Thai", 4)]
    assert all(set(row.pairs) == {("kind", "harsh")} for row in require_equal)


@pytest.mark.parametrize("judges", [[], ["kind"], ["kind", "kind"]], ids=str)
def test_one_judge_is_no_panel_however_often_it_is_named(records, judges):
    with pytest.raises(ExperimentError, match="two judges or more") as caught:
        run_panel(records, None, judges)
    assert "name the panel" in caught.value.fix


def test_a_judge_is_no_panel(records):
    with pytest.raises(ExperimentError, match="'kind' is no panel but a judge") as caught:
        run_panel(records, "kind")
    assert "two judges or more" in caught.value.fix


@pytest.mark.parametrize(
    "call",
    [
        lambda records: run_panel(records, "knid"),
        lambda records: run_panel(records, None, ["odd", "knid"]),
        lambda records: run_agreement(records, "knid", "odd"),
        lambda records: run_agreement(records, "odd", "knid"),
    ],
)
def test_a_misspelt_judge_is_named_with_the_run_and_the_right_one(records, call):
    with pytest.raises(UnknownNameError, match="unknown judge 'knid'") as caught:
        call(records)
    assert "'kind'" in caught.value.fix
    assert caught.value.where == str(records.folder.path)


@pytest.mark.parametrize("judge", ["kind", "nobody at all"])
def test_a_judge_is_not_compared_with_itself(records, judge):
    with pytest.raises(ExperimentError, match=f"'{judge}' cannot be compared with itself") as caught:
        run_agreement(records, judge, judge)
    assert "then the people" in caught.value.fix


@pytest.fixture
def apart(tmp_path):
    """Two judges of one run that have judged different items, and one whose games are lost."""
    verdicts = {"deu_Latn": {"one": "AB"}, "tha_Thai": {"other": "AB", "lost": "AB"}}
    records = imported(tmp_path, rows(verdicts=verdicts))
    for pair in records.pairs():
        if pair[0] == "lost":
            records.folder.games(*pair).unlink(missing_ok=True)
    return records


def test_judges_without_an_item_in_common_cannot_be_compared(apart):
    with pytest.raises(DataError, match="no item in common"):
        run_panel(apart, None, ["one", "other"])
    with pytest.raises(DataError):
        run_agreement(apart, "one", "other")


@pytest.mark.parametrize("other", ["one", "other"])
def test_a_judge_of_which_nothing_is_stored_is_named(apart, other):
    for call in (lambda: run_panel(apart, None, [other, "lost"]), lambda: run_agreement(apart, "lost", other)):
        with pytest.raises(StoreError, match="no game of the judge 'lost' is stored") as caught:
            call()
        assert caught.value.fix == "run it first"
        assert caught.value.where == str(apart.folder.path)
