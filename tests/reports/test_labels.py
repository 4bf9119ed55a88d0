"""The order of systems, and texts that begin a sentence."""

from every_case import every_case

from polyarena.reports.labels import sentence_case, system_order


def test_numbers_in_names_sort_by_value() -> None:
    names = ["step-1000", "step-200", "b", "step-10000", "a2", "a10", "A"]
    assert system_order(names) == ["A", "a2", "a10", "b", "step-200", "step-1000", "step-10000"]


def test_the_order_of_the_experiment_comes_first() -> None:
    assert system_order(["c", "a", "b", "new-10", "new-9"], ["b", "c", "gone"]) == ["b", "c", "a", "new-9", "new-10"]
    assert system_order(["same", "same"]) == ["same"]


@every_case(
    ("text", "expected"),
    [
        ("win rate on XQuAD", "Win rate on XQuAD"),
        ("exact_match on q, %", "exact_match on q, %"),
        ("acc on MyTask", "acc on MyTask"),
        ("f1", "f1"),
        ("spBLEU of systems", "spBLEU of systems"),
        ("score", "Score"),
        ("", ""),
    ],
)
def test_a_sentence_begins_in_upper_case_and_names_are_kept(text: str, expected: str) -> None:
    """`capitalize` wrote Exact_match, and names of tasks and metrics in lower case."""
    assert sentence_case(text) == expected
