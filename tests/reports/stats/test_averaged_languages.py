"""Averages that stand side by side are over the same languages, or flagged."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from every_case import every_case

from polyarena.reports.flags import Flag, add_flags
from polyarena.reports.stats import mean_scores, win_rates
from polyarena.reports.stats.averaged_languages import MOST_NAMED, averaged_languages, language_names
from polyarena.reports.stats.ranking import rank

Make = Callable[..., pd.DataFrame]
THREE = ("deu_Latn", "fra_Latn", "spa_Latn")
LANGUAGES = [f"l{i:02d}_Latn" for i in range(10)]


def test_common_languages_are_averaged_and_the_others_named() -> None:
    found = averaged_languages({"a": THREE, "b": THREE[:2]})
    assert {name: sorted(own.languages) for name, own in found.items()} == {"a": list(THREE[:2]), "b": list(THREE[:2])}
    assert found["a"].note == "not averaged, as another system lacks them: Spanish"
    assert (found["b"].note, found["a"].flag, found["b"].flag) == ("", "", "")


def test_one_system_with_few_languages_does_not_take_them_from_the_others() -> None:
    found = averaged_languages({"many": LANGUAGES, "few": LANGUAGES[:2]})
    assert found["many"].languages == frozenset(LANGUAGES)
    assert found["few"].languages == frozenset(LANGUAGES[:2])
    assert found["few"].flag == "averaged over 2 of 10 languages, not the same for all systems"
    assert found["many"].flag == ""


@every_case(
    ("languages", "flags"),
    [({}, {}), ({"a": THREE}, {"a": False}), ({"a": THREE[:1], "b": THREE[1:]}, {"a": True, "b": True})],
)
def test_edges(languages: dict[str, tuple[str, ...]], flags: dict[str, bool]) -> None:
    found = averaged_languages(languages)
    assert {name: bool(own.flag) for name, own in found.items()} == flags
    assert all(found[name].languages == frozenset(own) for name, own in languages.items())


def test_of_many_names_the_first_are_shown() -> None:
    assert language_names(LANGUAGES).endswith(f" and {len(LANGUAGES) - MOST_NAMED} more")


@pytest.fixture
def case_12(make_battles: Make) -> pd.DataFrame:
    """``c1`` loses Spanish only; ``c3`` was never asked in it."""
    even, lost = [0.5] * 20, [0.0] * 20
    return pd.concat(
        [
            make_battles({"deu_Latn": even, "fra_Latn": even, "spa_Latn": lost}, candidate="c1", baseline="base"),
            make_battles({"deu_Latn": even, "fra_Latn": even}, candidate="c3", baseline="base"),
        ]
    )


def test_equal_on_the_common_languages_is_equal_on_average(case_12: pd.DataFrame) -> None:
    """Case 12: by tier, c3 stood at 50.0 and c1 at 33.3."""
    found = win_rates(case_12, rounds=100)
    averages = found[found["level"].isin(["macro", "tier"])]
    assert set(averages["value"]) == {0.5}
    assert set(averages["n_languages"]) == {2}
    notes = averages[averages["level"] == "macro"].set_index("system")["note"].to_dict()
    assert notes == {"c1": "not averaged, as another system lacks them: Spanish", "c3": ""}


def test_equal_on_the_common_languages_is_ranked_alike(case_12: pd.DataFrame) -> None:
    """Case 12: c3 was ranked 1 and c1 3."""
    found = rank(case_12, rounds=100)
    macro = found[found["level"] == "macro"].set_index("system")
    assert set(macro["rank"]) == {1}
    assert set(macro["win_rate"]) == {0.5}
    assert macro.loc["c1", ["wins", "ties", "losses"]].tolist() == [0, 40, 0]


def test_a_flag_of_averages_stays_beside_one_of_the_metric(make_scores: Make) -> None:
    scores = pd.concat(
        [make_scores({"deu_Latn": [1, 0, 1]}, system="new"), make_scores({"swh_Latn": [1, 1, 1]}, system="old")]
    )
    found = add_flags(mean_scores(scores, rounds=50), [Flag("names", "deu_Latn", "accuracy", "doubtful", "why")])
    flags = found[(found["system"] == "new") & (found["level"] == "macro")]["flag"].tolist()
    assert flags == ["averaged over 1 of 2 languages, not the same for all systems; doubtful in 1 of 1 language: why"]
