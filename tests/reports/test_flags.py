"""Numbers of doubtful and inadequate metrics are flagged wherever they are shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.flags import MARK, Flag, add_flags
from polyarena.reports.stats import estimates_table, mean_scores
from polyarena.reports.stats.templates import template_scores
from polyarena.reports.tables import language_table, latex, sections

Make = Callable[..., pd.DataFrame]

LANGUAGES = ("deu_Latn", "swh_Latn", "tha_Thai")
DOUBTFUL = Flag("names", "tha_Thai", "accuracy", "doubtful", "words are not written apart")


@pytest.fixture
def estimates(make_scores: Make) -> pd.DataFrame:
    return mean_scores(make_scores({code: [1, 0, 1, 1] * 5 for code in LANGUAGES}), rounds=50)


def by_group(estimates: pd.DataFrame) -> dict[str, str]:
    return dict(zip(estimates["group"], estimates["flag"], strict=True))


def test_the_language_and_the_averages_that_hold_it_are_flagged(estimates: pd.DataFrame) -> None:
    assert by_group(add_flags(estimates, [DOUBTFUL])) == {
        "all": "doubtful in 1 of 3 languages: words are not written apart",
        "high": "",
        "mid": "doubtful in 1 of 1 language: words are not written apart",
        "low": "",
        "deu_Latn": "",
        "swh_Latn": "",
        "tha_Thai": "doubtful: words are not written apart",
    }


def test_nothing_is_flagged_without_a_reason(estimates: pd.DataFrame) -> None:
    assert set(add_flags(estimates, [])["flag"]) == {""}
    other = [Flag("others", "tha_Thai", "accuracy", "doubtful", "x"), Flag("names", "tha_Thai", "f1", "doubtful", "x")]
    assert set(add_flags(estimates, other)["flag"]) == {""}


def test_each_reason_is_counted_once(estimates: pd.DataFrame) -> None:
    flags = [DOUBTFUL, Flag("names", "deu_Latn", "accuracy", "inadequate", "no letters"),
             Flag("names", "swh_Latn", "accuracy", "inadequate", "no letters")]  # fmt: skip
    assert by_group(add_flags(estimates, flags))["all"] == (
        "doubtful in 1 of 3 languages: words are not written apart; inadequate in 2 of 3 languages: no letters"
    )


def test_numbers_over_templates_have_the_flags_of_their_templates(make_scores: Make) -> None:
    values = {"deu_Latn": [1, 0] * 5, "tha_Thai": [1, 1] * 5}
    scores = pd.concat([make_scores(values, task=task) for task in ("names", "names.asked")])
    families = {"names": ("names", "plain"), "names.asked": ("names", "asked")}
    frames = [mean_scores(scores, rounds=50), template_scores(scores, families, rounds=50)]
    found = add_flags(estimates_table(frames).to_pandas(), [DOUBTFUL])
    thai = found[found["group"] == "tha_Thai"].set_index(["task", "metric"])["flag"]
    assert thai["names", "accuracy (median of 2 templates)"] == "doubtful: words are not written apart"
    assert thai["names", "accuracy"] == "doubtful: words are not written apart"
    assert thai["names.asked", "accuracy"] == ""


def test_tables_mark_the_number_and_explain_the_mark(estimates: pd.DataFrame) -> None:
    section = next(sections(add_flags(estimates, [DOUBTFUL])))
    table = language_table(section).set_index("code")
    assert table.loc["tha_Thai", "new"].endswith(f" {MARK}")
    assert MARK not in table.loc["deu_Latn", "new"]
    assert table.loc["tha_Thai", "flag"] == "doubtful: words are not written apart"
    assert f"{MARK} Thai: doubtful: words are not written apart." in section.footnotes
    assert "flag" not in language_table(next(sections(estimates)))
    assert next(sections(estimates)).footnotes == []


def test_the_record_holds_the_flag(estimates: pd.DataFrame) -> None:
    table = estimates_table([add_flags(estimates, [DOUBTFUL])])
    assert table.column("flag").to_pylist().count("doubtful: words are not written apart") == 1
    assert np.isnan(table.to_pandas()["lowest"].astype(float)).all()


def test_latex_escapes_what_it_must(estimates: pd.DataFrame) -> None:
    section = next(sections(add_flags(estimates.assign(system="100_% \\a{b}"), [DOUBTFUL])))
    (text,) = latex(language_table(section), section.footnotes)
    text = text.replace("\\allowbreak{}", "")
    assert "100\\_\\% \\textbackslash{}a\\{b\\}" in text
    assert "$^\\ddagger$ Thai: doubtful" in text
    assert text.count("\\\\\n") == len(language_table(section)) + 1
    rules = [line for line in text.splitlines() if line.endswith("rule")]
    assert rules == ["\\toprule", "\\midrule", "\\bottomrule"]
    assert "\\begin{tabular}{@{}lrr@{}}" in text


def test_of_many_marked_languages_a_footnote_says_how_many(make_scores: Make) -> None:
    codes = ["tha_Thai", "deu_Latn", "fra_Latn", "spa_Latn", "ita_Latn", "nld_Latn", "pol_Latn", "por_Latn", "ron_Latn"]
    found = mean_scores(make_scores({code: [1, 0] * 5 for code in codes}, task="names"), rounds=50)
    flags = [Flag("names", code, "accuracy", "doubtful", "a reason") for code in codes]
    notes = next(sections(add_flags(found, flags))).footnotes
    assert f"{MARK} 9 languages, each of them marked: doubtful: a reason." in notes
    fewer = next(sections(add_flags(found, flags[:8]))).footnotes
    assert any("Thai" in note and "Portuguese" in note for note in fewer)


def test_a_number_without_an_interval_has_its_reason_below_the_table(make_scores: Make) -> None:
    one = next(sections(mean_scores(make_scores({"deu_Latn": [1.0], "tha_Thai": [0.0]}), rounds=50)))
    assert one.without_interval == ["[–]: one source item only: no interval."]
    many = next(sections(mean_scores(make_scores({"deu_Latn": [1.0, 0.0] * 5}), rounds=50)))
    assert many.without_interval == []
