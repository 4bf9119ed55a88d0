"""Everyone against everyone: planned, judged, resumed, ranked and reported from all pairs."""

import json

import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.cli.plan import _print
from polyarena.harness.lock.differences import Effect, differences
from polyarena.reports.stats import rank, win_rates
from polyarena.tasks.errors import ExperimentError, StoreError

FOUR = ("one", "two", "three", "four")


@pytest.fixture
def four():
    """Four toys whose answers differ."""
    return [{"name": name, "model": "toy", "args": {"voice": name}} for name in FOUR]


@pytest.fixture
def meet(experiment, four, tmp_path, toys):
    """Runs the four on the open task alone, without the report unless it is wanted."""

    def meet(opponents, folder="run", *, report=False, **changes):
        changes = {"systems": four, "tasks": ["toy_open"], "opponents": opponents, **changes}
        return run(plan(experiment(**changes), output=tmp_path / folder), report=report)

    return meet


def pairs_of(frame):
    return {tuple(pair) for pair in frame[["candidate", "baseline"]].drop_duplicates().to_numpy().tolist()}


ALL = {("two", "one"), ("three", "one"), ("four", "one"), ("two", "three"), ("two", "four"), ("three", "four")}


def test_all_pairs_are_planned_judged_and_ranked(meet):
    finished = meet("all")
    assert not finished.failures
    battles = finished.battles()
    assert pairs_of(battles) == ALL
    assert len(battles) == 6 * 3 * 12
    ranking = rank(battles, rounds=50).query("level == 'macro'")
    assert set(ranking["system"]) == {*FOUR}
    assert set(ranking["opponents"]) == {3}
    estimates = finished.estimates().query("metric == 'win_rate' and level == 'macro'")
    assert {tuple(pair) for pair in estimates[["system", "baseline"]].to_numpy().tolist()} == ALL
    assert (finished.folder.results / "ranking.parquet").exists()


def test_no_baseline_is_needed(meet):
    finished = meet("all", baseline=None, report=True)
    assert len(pairs_of(finished.battles())) == 6
    assert finished.files.page.exists()


def test_battles_against_the_baseline_do_not_depend_on_the_others(meet):
    alone, among = meet(None, "alone"), meet("all", "among")
    kept = among.battles().query("baseline == 'one'").reset_index(drop=True)
    assert kept.equals(alone.battles())
    columns = ["value", "low", "high", "signature"]
    one = win_rates(alone.battles(), rounds=50)[columns]
    assert one.equals(win_rates(kept, rounds=50)[columns])


def test_more_opponents_judge_only_the_new_pairs(meet, toys, experiment, four, tmp_path):
    meet(None)
    changes = {"systems": four, "tasks": ["toy_open"], "opponents": "all"}
    planned = plan(experiment(**changes), output=tmp_path / "run")
    assert {games.baseline for games in planned.games if games.stored} == {"one"}
    assert sum(not games.stored for games in planned.games) == 3 * 3
    calls = toys.read_text()
    assert pairs_of(meet("all").battles()) == ALL
    assert toys.read_text() == calls
    assert pairs_of(meet(None).battles()) == {pair for pair in ALL if pair[1] == "one"}


def test_a_list_of_pairs_judges_these_alone(meet):
    finished = meet([["two", "three"], ["four", "three"]])
    assert pairs_of(finished.battles()) == {("two", "three"), ("four", "three")}
    assert {(games.candidate, games.baseline) for games in finished.lock.games} == pairs_of(finished.battles())


def test_a_panel_decides_every_pair(meet):
    judges = [{"name": "long", "judge": "toy_length"}, "rules"]
    finished = meet("all", judges=judges, panels=[{"name": "both", "judges": ["long", "rules"]}])
    assert pairs_of(finished.battles().query("judge == 'both'")) == ALL


def test_pairs_that_a_language_lacks_are_left_out(meet, four):
    four[3]["languages"] = ["deu_Latn"]
    battles = meet("all").battles()
    assert set(battles[battles["candidate"].eq("four") | battles["baseline"].eq("four")]["language"]) == {"deu_Latn"}
    assert len(pairs_of(battles)) == 6


def test_runs_with_other_opponents_can_be_compared(meet):
    one, other = meet(None, "alone"), meet("all", "among")
    told = [each for each in differences(one.lock, other.lock) if each.field == "opponents"]
    assert [(each.effect, each.ours, each.theirs) for each in told] == [(Effect.COVERAGE, None, "all")]
    assert differences(one.lock, other.lock).comparable
    assert open_run(one.folder).pairs() == one.pairs()


def shares(folder):
    stored = json.loads((folder / "allocation.json").read_text())
    return {(pair["candidate"], pair["baseline"]): pair["items"] for pair in stored["tasks"]["toy_open"]}


BUDGET = {"games": 200, "first": 2, "step": 2}
"""A step of a pair has 2 items in 3 languages in 2 orders: 12 games."""


def test_a_budget_is_spent_on_pairs_and_never_exceeded(meet, tmp_path):
    finished = meet(BUDGET)
    assert not finished.failures
    games = finished.games()
    assert 200 - 12 < len(games) <= 200
    found = shares(tmp_path / "run")
    assert all(found[name, "one"] >= 2 for name in FOUR[1:])
    assert len(found) > 3
    assert {(each.candidate, each.baseline) for each in finished.lock.games} == set(found)
    battles = finished.battles().groupby(["candidate", "baseline", "language"]).size()
    assert all((battles[pair] == items).all() for pair, items in found.items())
    ranking = rank(finished.battles(), rounds=50).query("level == 'macro'")
    assert set(ranking["system"]) == {*FOUR}
    assert ranking["rating"].notna().all() or ranking["note"].ne("").any()


def test_items_of_a_budget_are_the_same_in_all_languages(meet):
    battles = meet(BUDGET).battles()
    chosen = battles.groupby(["candidate", "baseline", "language"])["source_id"].agg(frozenset)
    assert chosen.groupby(["candidate", "baseline"]).nunique().eq(1).all()


def test_signatures_say_that_pairs_were_chosen(meet):
    assert meet(BUDGET).estimates()["signature"].str.contains("pairs:by uncertainty", regex=False).all()
    assert not meet("all").estimates()["signature"].str.contains("pairs:", regex=False).any()


def test_a_spent_budget_is_not_spent_again(meet, tmp_path, experiment, four):
    first = meet(BUDGET)
    before = first.games()
    again = plan(experiment(systems=four, tasks=["toy_open"], opponents=BUDGET), output=tmp_path / "run")
    assert all(part.stored for part in again.parts)
    assert not again.unallocated
    assert meet(BUDGET).games().equals(before)


def test_a_larger_budget_goes_on_from_the_smaller(meet, tmp_path):
    meet(BUDGET)
    before = shares(tmp_path / "run")
    finished = meet({**BUDGET, "games": 300})
    after = shares(tmp_path / "run")
    assert all(after[pair] >= items for pair, items in before.items())
    assert 300 - 12 < len(finished.games()) <= 300


def test_a_budget_for_everything_judges_everything(meet):
    rich = meet({**BUDGET, "games": 10_000})
    whole = meet("all", "all")
    columns = ["candidate", "baseline", "language", "item_id", "score"]
    one, other = (finished.battles()[columns].sort_values(columns[:4], ignore_index=True) for finished in (rich, whole))
    assert one.equals(other)


def test_two_runs_choose_the_same_pairs(meet, tmp_path):
    meet(BUDGET, "a")
    meet(BUDGET, "b")
    assert shares(tmp_path / "a") == shares(tmp_path / "b")


def test_a_system_that_is_added_keeps_what_was_judged(meet, four, tmp_path):
    meet(BUDGET)
    before = shares(tmp_path / "run")
    four.append({"name": "five", "model": "toy", "args": {"voice": "five"}})
    finished = meet({**BUDGET, "games": 400})
    after = shares(tmp_path / "run")
    assert all(after[pair] >= items for pair, items in before.items())
    assert "five" in {name for pair in after for name in pair}
    assert not finished.failures


def test_a_plan_shows_what_a_budget_still_has(experiment, four, tmp_path, toys, capsys):
    planned = plan(experiment(systems=four, tasks=["toy_open"], opponents=BUDGET), output=tmp_path / "run")
    assert [(each.judge, each.task, each.requests) for each in planned.unallocated] == [("long", "toy_open", 200 - 36)]
    assert sum(games.requests for games in planned.games) == 36
    _print(planned)
    assert "pairs to be chosen" in " ".join(capsys.readouterr().out.split())


def test_a_budget_below_its_beginning_is_refused(experiment, four, tmp_path, toys):
    with pytest.raises(ExperimentError, match="first 36 on toy_open"):
        plan(experiment(systems=four, tasks=["toy_open"], opponents={**BUDGET, "games": 35}), output=tmp_path / "run")


def test_a_damaged_allocation_is_named_with_the_way_out(meet, tmp_path):
    meet(BUDGET)
    (tmp_path / "run" / "allocation.json").write_text("{")
    with pytest.raises(StoreError, match="delete it and run again"):
        meet(BUDGET)
