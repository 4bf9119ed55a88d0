"""Many cases in one test."""

import pytest
from every_case import every_case


def test_all_cases_run_and_all_failures_are_named():
    seen = []

    @every_case("value, wanted", [(1, 1), (2, 3), pytest.param(4, 5, id="four"), (6, 6)])
    def test(value, wanted):
        seen.append(value)
        assert value == wanted

    with pytest.raises(AssertionError, match=r"2 of 4 cases fail:\n  2, 3: (.|\n)*  four: ") as caught:
        test()
    assert seen == [1, 2, 4, 6]
    assert isinstance(caught.value.__cause__, AssertionError)


def test_cases_multiply_and_take_names():
    seen = []

    @every_case("one", "ab", ids=lambda each: f"<{each}>")
    @every_case(["two"], [1, 2], ids=["first", "second"])
    def test(one, two):
        seen.append((one, two))
        assert (one, two) != ("b", 2)

    with pytest.raises(AssertionError, match="1 of 2 cases fail:\n  <b>: 1 of 2 cases fail"):
        test()
    assert seen == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


@every_case("value", [1, 2])
def test_fixtures_are_passed_on(tmp_path, value):
    assert tmp_path.is_dir()
    assert value in (1, 2)


def test_a_test_is_skipped_only_if_every_case_is():
    def test(value):
        if value:
            pytest.skip("not here")

    every_case("value", [True, False])(test)()
    with pytest.raises(pytest.skip.Exception):
        every_case("value", [True, True])(test)()


def test_a_failure_that_is_no_assertion_is_one_too():
    def test(value):
        with pytest.raises(KeyError):
            {value: 1}["a"]

    with pytest.raises(AssertionError, match="1 of 2 cases fail:\n  'a': DID NOT RAISE"):
        every_case("value", ["a", "b"])(test)()
