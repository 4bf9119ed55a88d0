"""Errors say what, where, why and what to do."""

from pathlib import Path

from every_case import every_case

from polyarena.tasks.errors import DataError, ExperimentError, ModelError, PolyarenaError, StoreError, UnknownNameError


def test_all_that_is_known_is_told_a_line_each():
    error = DataError("it is torn", where=Path("a/b.jsonl"), why="half a line", fix="copy it again")
    assert str(error).splitlines() == ["a/b.jsonl: it is torn", "  why: half a line", "  fix: copy it again"]


def test_what_is_not_known_is_left_out():
    assert str(PolyarenaError("no")) == "no"
    assert str(PolyarenaError("no", fix="yes")) == "no\n  fix: yes"


def test_further_errors_follow():
    error = ExperimentError("one", also=[ExperimentError("two", fix="mend"), ExperimentError("three")])
    assert str(error).splitlines() == ["one", "two", "  fix: mend", "three"]


@every_case("kind", [DataError, ExperimentError, ModelError, StoreError, UnknownNameError])
def test_they_are_one_family(kind):
    assert issubclass(kind, PolyarenaError)


def test_a_model_that_fails_is_not_the_files_fault():
    assert ModelError("gone").exit_code == 3
    assert {kind("x").exit_code for kind in (DataError, ExperimentError, StoreError, UnknownNameError)} == {2}
