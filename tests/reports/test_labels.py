"""The order of systems."""

from polyarena.reports.labels import system_order


def test_numbers_in_names_sort_by_value() -> None:
    names = ["step-1000", "step-200", "b", "step-10000", "a2", "a10", "A"]
    assert system_order(names) == ["A", "a2", "a10", "b", "step-200", "step-1000", "step-10000"]


def test_the_order_of_the_experiment_comes_first() -> None:
    assert system_order(["c", "a", "b", "new-10", "new-9"], ["b", "c", "gone"]) == ["b", "c", "a", "new-9", "new-10"]
    assert system_order(["same", "same"]) == ["same"]
