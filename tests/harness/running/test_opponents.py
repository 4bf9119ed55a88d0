"""Everyone against everyone: planned, judged, resumed, ranked and reported from all pairs."""

import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.lock.differences import Effect, differences
from polyarena.reports.stats import rank, win_rates

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
