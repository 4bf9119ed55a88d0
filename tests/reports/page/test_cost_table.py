"""The ledger as a table of the page."""

from __future__ import annotations

import pandas as pd
from every_case import every_case

from polyarena.reports.page.cost_table import MOST_LANGUAGES, cost_table

COLUMNS = [
    "who", "name", "model", "task", "language", "mode", "requests", "answered", "maybe_billed", "abandoned",
    "prompt_tokens", "completion_tokens", "cached_tokens", "cost", "cost_upper_bound", "currency",
]  # fmt: skip


def row(
    language="deu_Latn",
    *,
    name="gpt",
    cost: str | None = "0.10",
    most: str | None = "",
    currency="USD",
    mode="online",
    requests=1000,
):
    counts = (requests, requests - 1, 1, 0, 9 * requests, 2 * requests, 0)
    money = (cost, cost if most == "" else most, currency)
    return dict(zip(COLUMNS, ("judges", name, "m", "t", language, mode, *counts, *money), strict=True))


def table(*rows):
    return cost_table(pd.DataFrame(list(rows), columns=COLUMNS))


def test_nothing_spent_is_no_table():
    assert table() is None


def test_each_language_has_a_row_and_all_have_a_sum():
    sheet = table(row("swh_Latn", cost="0.20"), row())
    assert sheet.rows == (
        ("gpt", "German", "1,000", "999", "1", "9,000", "2,000", "0.1000 USD"),
        ("gpt", "Swahili", "1,000", "999", "1", "9,000", "2,000", "0.2000 USD"),
        ("gpt", "all 2", "2,000", "1,998", "2", "18,000", "4,000", "0.3000 USD"),
    )
    assert all(len(each) == len(sheet.columns) for each in sheet.rows)


def test_modes_and_tasks_of_a_language_are_added_exactly():
    sheet = table(*(row(mode=mode, cost="0.1") for mode in ("online", "batch", "online")))
    assert [(each[1], each[2], each[-1]) for each in sheet.rows] == [("German", "3,000", "0.3000 USD")]


@every_case(
    "unknown", [row("swh_Latn", cost=None), row("swh_Latn", cost="0.1", currency="EUR"), row("swh_Latn", currency="")]
)
def test_an_unknown_part_makes_the_sum_unknown(unknown):
    sheet = table(row(), unknown)
    assert (sheet.rows[0][-1], sheet.rows[-1][-1]) == ("0.1000 USD", "–")


def test_without_prices_the_cost_is_unknown_and_not_zero():
    assert table(row(cost="0", currency="")).rows[0][-1] == "–"


def test_what_may_have_been_billed_makes_the_cost_a_range():
    sheet = table(row(most="0.13"), row("swh_Latn", cost="0.2"))
    assert [each[-1] for each in sheet.rows] == ["0.1000–0.1300 USD", "0.2000 USD", "0.3000–0.3300 USD"]
    assert sheet.columns[4] == "Maybe billed"
    assert "timeouts" in sheet.notes[0]
    assert "counts against a budget" in sheet.notes[0]


def test_an_unknown_cost_with_a_bound_is_at_most_that():
    sheet = table(row(cost=None, most="0.5"), row("swh_Latn"))
    assert [each[-1] for each in sheet.rows] == ["at most 0.5000 USD", "0.1000 USD", "at most 0.6000 USD"]


def test_systems_and_judges_stand_apart():
    sheet = table(row(name="b"), row(name="a"), row(name="a") | {"who": "candidates"})
    assert [each[0] for each in sheet.rows] == ["a", "a", "b"]


def test_of_many_languages_only_the_sum_is_shown():
    sheet = table(*(row(f"l{number:02}_Latn") for number in range(MOST_LANGUAGES + 1)))
    assert [each[1] for each in sheet.rows] == [f"all {MOST_LANGUAGES + 1}"]


def test_a_code_that_is_no_language_stands_for_itself():
    assert table(row("all")).rows[0][1] == "all"
