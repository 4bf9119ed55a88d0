from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from polyarena.reports.bands import with_detectable
from polyarena.reports.page.headlines import Headline, headline
from polyarena.reports.stats import mean_scores, win_rates
from polyarena.reports.stats.win_rates import COUNTS_OF_ITEMS
from polyarena.reports.tables import sections

Make = Callable[..., pd.DataFrame]


def of(estimates: pd.DataFrame) -> Headline:
    found = headline(next(sections(estimates)))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("scores", "verdict", "claim"),
    [
        ([1.0] * 30, "better", "new does better than old: its win rate is 100.0% (95% interval "),
        ([0.0] * 30, "worse", "new does worse than old: its win rate is 0.0% (95% interval "),
        ([1.0, 0.0] * 15, "inconclusive", "Inconclusive: new has a win rate of 50.0% against old (95% interval "),
    ],
)
def test_a_comparison_has_three_outcomes(make_battles: Make, scores: Sequence[float], verdict: str, claim: str) -> None:
    found = of(win_rates(make_battles({"deu_Latn": scores, "swh_Latn": scores}), rounds=100))
    assert found.outcome == verdict
    assert found.claim.startswith(claim)
    assert "(95% interval " in found.claim
    assert "Average over 2 languages on mini, judged by rules" in found.details[0]


def test_a_distance_that_no_win_rate_can_have_is_not_told(make_battles: Make) -> None:
    few = of(with_detectable(win_rates(make_battles({"deu_Latn": [1.0, 0.0], "swh_Latn": [1.0, 0.0]}), rounds=100)))
    assert any("too few items to detect even the largest possible" in each for each in few.details)
    assert not any("points from 50%" in each for each in few.details)
    values = {"deu_Latn": [1.0, 0.0] * 15, "swh_Latn": [1.0, 0.0] * 15}
    many = of(with_detectable(win_rates(make_battles(values), rounds=100)))
    assert any("points from 50%" in each for each in many.details)


def test_languages_are_counted_by_outcome(make_battles: Make) -> None:
    values = {"deu_Latn": [1.0] * 30, "fra_Latn": [1.0] * 30, "swh_Latn": [0.0] * 30, "tha_Thai": [1.0, 0.0] * 15}
    found = of(win_rates(make_battles(values), rounds=100, confidence=0.9))
    assert "better in 2, worse in 1, inconclusive in 1" in found.details[1]
    assert "one in 10" in found.details[1]
    assert "(90% interval" in found.claim


def test_of_one_language_nothing_is_said_twice(make_battles: Make) -> None:
    found = of(win_rates(make_battles({"deu_Latn": [1.0] * 30}), rounds=100))
    assert found.outcome == "better"
    assert not any("By language" in detail for detail in found.details)


def test_games_without_verdict_are_bounded_in_words(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0, 1.0, 0.0]})
    battles.loc[0, "n_invalid"] = 1
    found = of(win_rates(battles, rounds=100))
    assert found.details[-1].startswith("Games without a verdict: 1.")
    assert "would be 37.5%; if all were won, 50.0%" in found.details[-1]
    assert "Average over 1 language on" in found.details[0]


def test_no_verdict_at_all(make_battles: Make) -> None:
    found = of(win_rates(make_battles({"deu_Latn": [0.0]}, score=None, n_invalid=2), rounds=100))
    assert (found.outcome, found.claim) == ("inconclusive", "No game of new against old has a verdict.")


def test_one_item_is_no_result(make_battles: Make) -> None:
    found = of(win_rates(make_battles({"deu_Latn": [1.0]}), rounds=100))
    assert found.outcome == "inconclusive"
    assert "(no interval; 1 win, 0 ties, 0 losses)" in found.claim


def test_scores_of_systems_are_put_side_by_side(make_scores: Make) -> None:
    scores = pd.concat([make_scores({"deu_Latn": [1, 0] * 10}, system=s) for s in ("new", "old")])
    found = of(mean_scores(scores, rounds=100))
    assert found.outcome == ""
    assert found.claim.startswith("accuracy on names: new 50.0% [")
    assert "; old 50.0% [" in found.claim


def test_systems_without_a_common_language(make_scores: Make) -> None:
    scores = pd.concat(
        [make_scores({"deu_Latn": [1, 0]}, system="new"), make_scores({"tha_Thai": [1, 0]}, system="old")]
    )
    said = of(mean_scores(scores, rounds=100))
    assert said.claim == "accuracy on names: new 50.0% [7.4, 92.6] ‡; old 50.0% [7.4, 92.6] ‡."


def test_without_averages_there_is_no_headline(win_estimates: pd.DataFrame) -> None:
    languages = win_estimates[win_estimates["level"] == "language"]
    assert headline(next(sections(languages))) is None


def test_wins_ties_and_losses_stand_beside_the_rate(make_battles: Make) -> None:
    """Case 14: a system with 0 wins was said to win 41.7% of its battles."""
    found = of(win_rates(make_battles({"deu_Latn": [0.5] * 50 + [0.0] * 10}), rounds=100))
    assert found.claim.startswith("new does worse than old: its win rate is 41.7% (95% interval ")
    assert found.claim.endswith("; 0 wins, 50 ties, 10 losses).")


def test_a_win_rate_that_does_not_follow_from_its_counts_says_why(make_battles: Make) -> None:
    plain = of(win_rates(make_battles({"deu_Latn": [1.0, 0.5, 0.0] * 10}), rounds=100))
    assert COUNTS_OF_ITEMS not in plain.details
    quarters = of(win_rates(make_battles({"deu_Latn": [0.75, 0.5, 0.0] * 10}), rounds=100))
    assert COUNTS_OF_ITEMS in quarters.details
    uneven = of(win_rates(make_battles({"deu_Latn": [1.0] * 30, "swh_Latn": [0.0] * 10}), rounds=100))
    assert COUNTS_OF_ITEMS in uneven.details
