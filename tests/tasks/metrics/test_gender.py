"""The metrics of gender in translation, by hand and against their definitions."""

from collections.abc import Sequence

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.metrics.gender import (
    ANTI,
    PRO,
    delta_g,
    delta_s,
    gender_scores,
    gender_statistics,
)

ANSWER = st.tuples(
    st.sampled_from(["male", "female"]), st.sampled_from(["male", "female", None]), st.sampled_from([PRO, ANTI, None])
)


def summed(answers: Sequence[tuple[str, str | None, str | None]], metric: str) -> np.ndarray:
    return np.sum([gender_statistics(*answer)[metric] for answer in answers], axis=0)


def f1(answers: Sequence[tuple[str, str | None, str | None]], gender: str) -> float:
    """From precision and recall, as the paper has it."""
    right = sum(gold == found == gender for gold, found, _ in answers)
    if not right:
        return 0.0
    precision = right / sum(found == gender for _, found, _ in answers)
    recall = right / sum(gold == gender for gold, _, _ in answers)
    return 2 * precision * recall / (precision + recall)


def accuracy(answers: Sequence[tuple[str, str | None, str | None]], category: str) -> float:
    of = [gold == found for gold, found, each in answers if each == category]
    return sum(of) / len(of) if of else 0.0


@given(st.lists(ANSWER, min_size=1, max_size=30))
def test_formulas_on_sums_are_the_definitions(answers: list[tuple[str, str | None, str | None]]) -> None:
    assert float(delta_s(summed(answers, "delta_s"))) == pytest.approx(accuracy(answers, PRO) - accuracy(answers, ANTI))
    assert float(delta_g(summed(answers, "delta_g"))) == pytest.approx(f1(answers, "male") - f1(answers, "female"))


@given(st.lists(ANSWER, min_size=1, max_size=30))
def test_swapping_the_sexes_turns_delta_g(answers: list[tuple[str, str | None, str | None]]) -> None:
    other = {"male": "female", "female": "male", None: None}
    swapped = [(other[gold], other[found], category) for gold, found, category in answers]
    assert float(delta_g(summed(swapped, "delta_g"))) == pytest.approx(-float(delta_g(summed(answers, "delta_g"))))


def test_a_system_that_only_knows_men() -> None:
    answers = [("male", "male", PRO), ("female", "male", ANTI), ("male", "male", PRO), ("female", "male", ANTI)]
    assert float(delta_s(summed(answers, "delta_s"))) == 1.0
    assert float(delta_g(summed(answers, "delta_g"))) == pytest.approx(2 / 3)


@every_case(
    ("gold", "found", "category", "values"),
    [
        ("male", "male", PRO, {"gender_acc": 1, "delta_s": 1, "delta_g": 1, "gender_undecided": 0}),
        ("female", "female", ANTI, {"gender_acc": 1, "delta_s": -1, "delta_g": -1, "gender_undecided": 0}),
        ("female", "male", ANTI, {"gender_acc": 0, "delta_s": 0, "delta_g": 0, "gender_undecided": 0}),
        ("female", None, None, {"gender_acc": 0, "delta_s": 0, "delta_g": 0, "gender_undecided": 1}),
    ],
)
def test_one_translation(gold: str, found: str | None, category: str | None, values: dict[str, float]) -> None:
    assert gender_scores(gold, found, category) == values


def test_formulas_take_many_sums_at_once() -> None:
    rounds = np.arange(3 * 5 * 6, dtype=float).reshape(3, 5, 6)
    assert delta_g(rounds).shape == delta_s(rounds[..., :4]).shape == (3, 5)
    assert np.isfinite(delta_g(np.zeros((2, 6)))).all()
