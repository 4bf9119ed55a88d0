"""The table of prompts that the host refused."""

import pandas as pd

from polyarena.reports.page.refusal_table import refusal_table


def row(system, code, value, n=10, level="language", low=0.1, high=0.5):
    place = {"task": "mini", "system": system, "level": level, "group": code}
    return {**place, "value": value, "low": low, "high": high, "n": n}


def test_languages_without_refusals_are_left_out_and_systems_without_are_kept():
    rows = [row("a", "deu_Latn", 0.3), row("b", "deu_Latn", 0.0, low=None, high=None), row("a", "swh_Latn", 0.0)]
    found = refusal_table(pd.DataFrame([*rows, row("a", "all", 0.15, level="macro")]))
    assert found is not None
    assert found.columns == ("Task", "Language", "a", "b")
    assert found.rows == (("mini", "German", "30.0 [10.0, 50.0] (3 of 10)", "0.0 (0 of 10)"),)
    assert "own words" in found.notes[0]


def test_a_system_that_was_not_asked_has_a_dash():
    found = refusal_table(pd.DataFrame([row("a", "deu_Latn", 0.3), row("b", "swh_Latn", 0.1)]))
    assert found is not None
    assert [cells[2:] for cells in found.rows] == [
        ("30.0 [10.0, 50.0] (3 of 10)", "–"),
        ("–", "10.0 [10.0, 50.0] (1 of 10)"),
    ]


def test_nothing_refused_is_no_table():
    assert refusal_table(pd.DataFrame([row("a", "deu_Latn", 0.0)])) is None
    assert refusal_table(pd.DataFrame([row("a", "deu_Latn", 0.0)]).iloc[:0]) is None
