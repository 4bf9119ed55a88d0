from __future__ import annotations

import io
from collections.abc import Callable

import pandas as pd
from every_case import every_case

from polyarena.reports.labels import language_label
from polyarena.reports.rows import Mark, rows
from polyarena.reports.stats import win_rates
from polyarena.reports.tables import format_mark, language_table, markdown, sections, win_rate_table

Make = Callable[..., pd.DataFrame]


def mark(value: float | None, low: float | None = None, high: float | None = None) -> Mark:
    return Mark(value, low, high, 10, 0, None, None)


def test_labels_hold_both_names_and_the_direction() -> None:
    arabic = language_label("arb_Arab")
    assert (arabic.name, arabic.direction, arabic.tag, arabic.tier) == ("Arabic", "rtl", "ar-Arab", "high")
    assert any("؀" <= c <= "ۿ" for c in arabic.autonym)
    assert language_label("eng_Latn").autonym == ""


def test_a_language_outside_the_table_stands_for_itself() -> None:
    label = language_label("xyz_Latn")
    assert (label.name, label.autonym, label.tier, label.tag) == ("xyz_Latn", "", "", "und")


def test_rows_begin_with_the_average_and_are_sorted_within_tiers(make_battles: Make) -> None:
    european = {"deu_Latn": [0, 0, 1], "fra_Latn": [1, 1, 1], "spa_Latn": [1, 1, 0]}
    values = {**european, "swh_Latn": [1, 0, 0], "xyz_Latn": [1, 1, 1]}
    found = rows(win_rates(make_battles(values), rounds=50), ["new"])
    assert [row.kind for row in found] == ["average", "tier", "language", "language", "language", "tier", "language",
                                           "tier", "language"]  # fmt: skip
    assert [row.label.name if row.label else row.title for row in found] == [
        "All languages", "High-resource", "French", "Spanish", "German", "Low-resource", "Swahili", "Other languages",
        "xyz_Latn",
    ]  # fmt: skip
    assert found[7].marks == (None,)


def test_languages_without_a_value_come_last(make_battles: Make) -> None:
    battles = make_battles({"deu_Latn": [0.0, 0.0, 1.0], "fra_Latn": [1.0, 1.0, 1.0]})
    silent = battles["language"] == "fra_Latn"
    battles.loc[silent, "score"] = None
    battles.loc[silent, "n_invalid"] = 2
    found = rows(win_rates(battles, rounds=50), ["new"])
    assert [row.label.code for row in found if row.label] == ["deu_Latn", "fra_Latn"]
    last = found[-1].marks[0]
    assert last is not None
    assert (last.value, last.n_invalid) == (None, 6)


def test_systems_that_lack_a_language_leave_a_gap(score_estimates: pd.DataFrame) -> None:
    lacking = score_estimates[~((score_estimates["system"] == "old") & (score_estimates["group"] == "deu_Latn"))]
    german = next(row for row in rows(lacking, ["new", "old"]) if row.label and row.label.code == "deu_Latn")
    assert german.marks[0] is not None
    assert german.marks[1] is None


@every_case(
    ("shown", "text"),
    [
        (mark(0.612, 0.57, 0.6534), "61.2 [57.0, 65.3]"),
        (mark(0.5), "50.0 [–]"),
        (mark(None), "–"),
        (None, "–"),
    ],
)
def test_numbers_are_percent_with_one_decimal(shown: Mark | None, text: str) -> None:
    assert format_mark(shown) == text


def test_numbers_beyond_shares_keep_their_unit() -> None:
    assert format_mark(mark(41.26, 40, 42.5), scale=1) == "41.3 [40.0, 42.5]"


def test_sections_are_comparisons_then_scores(win_estimates: pd.DataFrame, score_estimates: pd.DataFrame) -> None:
    found = list(sections(pd.concat([score_estimates, win_estimates])))
    assert [(part.metric, part.systems, part.baseline) for part in found] == [
        ("win_rate", ("new",), "old"),
        ("accuracy", ("new", "old"), None),
    ]
    assert found[0].scale == found[1].scale == 100


def test_table_holds_each_language_once(win_estimates: pd.DataFrame, aya23: list[str]) -> None:
    table = language_table(next(sections(win_estimates)))
    assert list(table.columns) == ["code", "language", "own_name", "tier", "new", "n", "wins_ties_losses", "no_verdict"]
    assert sorted(code for code in table["code"] if code) == aya23
    assert table["language"].iloc[0] == "Average: All languages"
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype=str, keep_default_na=False)
    assert again.to_numpy().tolist() == table.to_numpy().tolist()


def test_scores_have_a_column_for_each_system(score_estimates: pd.DataFrame) -> None:
    table = language_table(next(sections(score_estimates)))
    assert list(table.columns) == ["code", "language", "own_name", "tier", "new", "old", "n"]
    assert table["new"].str.match(r"\d+\.\d \[\d+\.\d, \d+\.\d\]").all()


def test_markdown_cannot_be_broken_out_of() -> None:
    table = pd.DataFrame({"a|b": ["x|y", "back\\slash", "two\nlines", "<script>"], "n": ["1", "2", "3", "4"]})
    lines = markdown(table).splitlines()
    assert len(lines) == 6
    assert lines[0] == "| a\\|b | n |"
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines)
    assert "<script>" not in markdown(table)


def test_many_comparisons_are_rows_of_one_table(make_battles: Callable[..., pd.DataFrame]) -> None:
    parts = [
        make_battles({"deu_Latn": [1, 0.5, 0], "swh_Latn": [1, 1, 0.5]}, candidate=name, baseline="base")
        for name in ("a", "b")
    ]
    table = win_rate_table(sections(win_rates(pd.concat(parts), rounds=20)))
    assert table["system"].tolist() == ["a", "b"]
    assert table.loc[0, ["task", "judge", "baseline", "wins_ties_losses", "n"]].tolist() == [
        "mini", "rules", "base", "3 / 2 / 1", "6",
    ]  # fmt: skip
    assert table.loc[0, "all"].startswith("66.7 [")
    assert table.loc[0, "mid"] == "–"
