"""Circles of systems that beat each other, against all that there are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.cycles import EVEN, Cycle, cycle_sentence, cycle_sentences, cycles, pairwise_matrix
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]


def matrix_of(scores: dict[tuple[int, int], float], systems: int) -> pd.DataFrame:
    values = np.full((systems, systems), np.nan)
    for (one, other), score in scores.items():
        values[one, other], values[other, one] = score, 1 - score
    names = [f"s{i}" for i in range(systems)]
    return pd.DataFrame(values, index=names, columns=names)


def every_circle(matrix: pd.DataFrame, size: int) -> set[tuple[str, ...]]:
    """All circles of a size, each from its first system on."""
    score = matrix.to_numpy()
    found = set()
    for ring in permutations(range(len(matrix)), size):
        if ring[0] == min(ring) and all(score[a, b] > 0.5 for a, b in zip(ring, (*ring[1:], ring[0]), strict=True)):
            found.add(tuple(f"s{i}" for i in ring))
    return found


SCORES = st.sampled_from([0.0, 0.3, 0.5, 0.6, 1.0, None])


@given(systems=st.integers(1, 6), data=st.data())
@settings(max_examples=200, deadline=None)
def test_all_circles_of_three_are_found_and_no_system_in_a_circle_is_missed(systems: int, data: st.DataObject) -> None:
    pairs = [(i, j) for i in range(systems) for j in range(i + 1, systems)]
    drawn = data.draw(st.lists(SCORES, min_size=len(pairs), max_size=len(pairs)))
    matrix = matrix_of({pair: s for pair, s in zip(pairs, drawn, strict=True) if s is not None}, systems)
    found = cycles(matrix)
    assert {each.systems for each in found if len(each.systems) == 3} == every_circle(matrix, 3)
    whole = set().union(*(every_circle(matrix, size) for size in range(3, systems + 1)), set())
    assert {each.systems for each in found} <= whole
    assert {name for each in found for name in each.systems} == {name for ring in whole for name in ring}
    assert [each.margin for each in found] == sorted((each.margin for each in found), reverse=True)


def test_a_circle_of_four_is_found_where_others_never_met() -> None:
    matrix = matrix_of({(0, 1): 0.7, (1, 2): 0.8, (2, 3): 0.6, (0, 3): 0.1}, 4)
    (found,) = cycles(matrix)
    assert found.systems == ("s0", "s1", "s2", "s3")
    assert found.margin == pytest.approx(0.1)


def test_a_draw_in_between_leaves_no_circle() -> None:
    assert cycles(matrix_of({(0, 1): 0.7, (1, 2): 0.8, (0, 2): 0.5}, 3)) == []


def test_a_draw_of_thirds_is_a_draw(make_battles: Make) -> None:
    """Means of thirds are not exactly one half; no circle comes from that."""
    third = 1 / 3
    battles = pd.concat(
        [
            make_battles(
                {"deu_Latn": [third, 2 * third, third, 2 * third, 0.5 + EVEN / 10]}, candidate="a", baseline="b"
            ),
            make_battles({"deu_Latn": [1, 1]}, candidate="b", baseline="c"),
            make_battles({"deu_Latn": [0, 0]}, candidate="a", baseline="c"),
        ]
    )
    assert cycles(pairwise_matrix(battles)) == []


def test_turning_all_battles_round_turns_the_circle_round() -> None:
    scores = {(0, 1): 0.7, (1, 2): 0.8, (0, 2): 0.35}
    (one,) = cycles(matrix_of(scores, 3))
    (other,) = cycles(matrix_of({pair: 1 - score for pair, score in scores.items()}, 3))
    assert one.systems == ("s0", "s1", "s2")
    assert other.systems == ("s0", "s2", "s1")
    assert one.margin == pytest.approx(other.margin)


def test_significant_cycles_are_said_by_task_and_judge(make_battles: Make) -> None:
    rows = [("a", "b", 1.0), ("b", "c", 1.0), ("c", "a", 0.75)]
    ring = pd.concat([make_battles({"deu_Latn": [s, 1.0] * 20}, candidate=c, baseline=b) for c, b, s in rows])
    both = pd.concat([ring, ring.assign(task="other")])
    expected = "mini, judge rules: a beats b, b beats c, c beats a (by 37.5 points or more): no rating agrees with that"
    assert cycle_sentences(both) == [expected, expected.replace("mini", "other")]
    assert cycle_sentences(ring[ring["candidate"] != "c"]) == []
    few = pd.concat([make_battles({"deu_Latn": [s, 1.0]}, candidate=c, baseline=b) for c, b, s in rows])
    assert cycle_sentences(few) == []  # Two battles of a pair are a cycle by chance.
    assert len(cycles(pairwise_matrix(few))) == 1
    assert cycle_sentence("t", "j", Cycle(("a", "b", "c", "d"), 0.1)).count("beats") == 4


@given(order=st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_the_matrix_does_not_depend_on_the_order_of_rows_nor_of_systems(make_battles: Make, order: list[int]) -> None:
    rows = [("a", "b", 1.0), ("b", "c", 0.5), ("c", "a", 0.75), ("b", "d", 0.25), ("d", "a", 0.0), ("c", "d", 1.0)]
    parts = [make_battles({"deu_Latn": [s, 0.5], "tha_Thai": [s]}, candidate=c, baseline=b) for c, b, s in rows]
    turned = [part.assign(candidate=part["baseline"], baseline=part["candidate"], score=1 - part["score"])
              for part in parts]  # fmt: skip
    plain = pairwise_matrix(pd.concat(parts))
    mixed = pairwise_matrix(pd.concat([(turned if i % 2 else parts)[i] for i in order]))
    pd.testing.assert_frame_equal(plain, mixed)
    assert np.nansum(plain.to_numpy() + plain.to_numpy().T) == pytest.approx(12)


def test_matrices_of_battles_that_cannot_be_compared_are_refused(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.0]})
    with pytest.raises(DataError, match="occur twice"):
        pairwise_matrix(pd.concat([battles, battles]))
    with pytest.raises(DataError, match="a system meets itself"):
        pairwise_matrix(battles.assign(baseline="new"))
    assert pairwise_matrix(battles.assign(score=np.nan)).empty
    assert cycles(pairwise_matrix(battles.assign(score=np.nan))) == []
