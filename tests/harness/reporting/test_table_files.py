"""Files of the tables of a report."""

from __future__ import annotations

from typing import Any

import pandas as pd

from polyarena.harness.reporting.table_files import report_tables, table_files, tex_files
from polyarena.reports.page.support_matrix import has_gaps, support_matrix
from polyarena.reports.stats import mean_scores, win_rates

VALUES = {"deu_Latn": [1, 0, 1, 1] * 5, "swh_Latn": [0, 0, 1, 1] * 5}


def make_scores(**constant: Any) -> pd.DataFrame:
    rows = [
        {"system": "new", "task": "names", "language": code, "item_id": f"q{i}", "sample_index": 0,
         "source_id": f"q{i}", "metric": "accuracy", "value": float(value),
         "signature": "task:names@0.1|metric:accuracy", **constant}
        for code, values in VALUES.items()
        for i, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def make_battles(**constant: Any) -> pd.DataFrame:
    rows = [
        {"judge": "rules", "task": "mini", "language": code, "item_id": f"q{i}", "source_id": f"q{i}",
         "candidate": "new", "baseline": "old", "score": float(value), "n_games": 2, "n_invalid": 0, **constant}
        for code, values in VALUES.items()
        for i, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def texts(files: dict[str, bytes]) -> dict[str, str]:
    return {name: content.decode() for name, content in files.items()}


def test_each_table_has_every_form_and_a_caption() -> None:
    files = texts(table_files("x", pd.DataFrame({"language": ["German"], "n": ["20"]}), "50% of A_B.", ["A note."]))
    assert set(files) == {"x.csv", "x.md", "x.tex", "x.caption.tex"}
    assert files["x.caption.tex"] == "\\caption{50\\% of A\\_B.}\n"
    assert "Language & Items" in files["x.tex"]
    assert "A note." in files["x.tex"]
    assert files["x.md"].endswith("\nA note.\n")
    assert files["x.csv"] == "language,n\nGerman,20\n"


def test_several_parts_are_numbered() -> None:
    assert set(tex_files("x", ["a"])) == {"x.tex"}
    assert tex_files("x", ["a", "b"]) == {"x-1.tex": b"a", "x-2.tex": b"b"}


def test_captions_say_what_is_measured_and_what_columns_mean() -> None:
    scores = mean_scores(make_scores(system="A_1"), rounds=50)
    wins = win_rates(make_battles(candidate="A_1"), rounds=50)
    wins = wins.assign(band_low=wins["low"], band_high=wins["high"])
    files = texts(report_tables(pd.concat([scores, wins]), ["A_1", "old"]))
    captions = {name: text for name, text in files.items() if name.endswith(".caption.tex")}
    assert {name.removesuffix(".caption.tex") for name in captions if not name.startswith("by-")} == {
        "accuracy--names", "win_rate--mini--rules--A_1--old",
    }  # fmt: skip
    assert {name.rpartition(".")[0].removesuffix(".caption") for name in files} >= {"by-tier"}
    won = captions["win_rate--mini--rules--A_1--old.caption.tex"]
    for part in ("Win rate of A\\_1 against old on mini, judged by rules", "95\\% intervals", "Band: ", "Wins, ties"):
        assert part in won
    scored = captions["accuracy--names.caption.tex"]
    assert "accuracy on names" in scored
    assert "Band" not in scored
    assert "by resource tier" in captions["by-tier.caption.tex"]


def test_heads_are_words_and_games_without_verdict_are_a_column_only_where_there_are_some() -> None:
    name = "win_rate--mini--rules--new--old.tex"
    clean = texts(report_tables(win_rates(make_battles(), rounds=50), ["new", "old"]))[name]
    assert "Language & new & Items & " in clean
    assert "wins_ties" not in clean
    invalid = texts(report_tables(win_rates(make_battles(n_invalid=1), rounds=50), ["new", "old"]))[name]
    assert "verdict" in invalid


def test_the_signature_stands_below() -> None:
    files = texts(report_tables(mean_scores(make_scores(), rounds=50), ["new"]))
    assert "Signature of the first number: task:names@0.1|metric:accuracy" in files["accuracy--names.md"]
    assert "task:names@0.1\\textbar{}" in files["accuracy--names.tex"].replace("\\allowbreak{}", "")


def test_the_support_matrix_is_a_file_also_where_all_were_asked_everything() -> None:
    numbers = mean_scores(make_scores(), rounds=50)
    gaps = support_matrix(["a", "b"], {"a": ["deu_Latn"], "b": ["deu_Latn", "swh_Latn"]}, [("a", "swh_Latn")])
    assert has_gaps(gaps)
    files = texts(report_tables(numbers, ["a", "b"], gaps))
    assert files["support-matrix.csv"].splitlines()[1:] == ["All,1,2", "German,yes,yes", "Swahili,no,yes"]
    assert "neither asked nor averaged" in files["support-matrix.tex"].replace("\\allowbreak{}", "")
    full = support_matrix(["a"], {"a": ["deu_Latn"]}, [])
    assert not has_gaps(full)
    assert "German,yes" in texts(report_tables(numbers, ["a"], full))["support-matrix.csv"]
