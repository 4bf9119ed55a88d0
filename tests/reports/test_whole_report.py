"""From battles and scores to a page, in one go; and numbers that must never change by themselves."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from polyarena.reports.figures import FORMATS, charts, render
from polyarena.reports.page import Figure, PageContent, page
from polyarena.reports.stats import estimates_table, mean_scores, win_rates
from polyarena.reports.tables import language_table, markdown, sections

Make = Callable[..., pd.DataFrame]

GOLDEN = {
    # group: value, standard error, low, high, method, n, clusters
    "all": (0.5416666667, 0.0603050239, 0.4091472937, 0.6686233780, "wilson", 60, 20),
    "deu_Latn": (0.6000000000, 0.1123902974, 0.3809241936, 0.7859944061, "wilson", 20, 20),
    "swh_Latn": (0.6500000000, 0.1032370802, 0.4344720271, 0.8188545413, "wilson", 20, 20),
    "tha_Thai": (0.3750000000, 0.0951107388, 0.2111321933, 0.5723251483, "wilson", 20, 20),
}


@pytest.fixture(scope="module")
def estimates(make_battles: Make, make_scores: Make, drawn: Any) -> pd.DataFrame:
    codes = ["arb_Arab", "deu_Latn", "jpn_Jpan", "swh_Latn"]
    scores = pd.concat([make_scores({c: v > 0.4 for c, v in drawn(codes, 12, k).items()}, system=s)
                        for k, s in enumerate(("new", "old"))])  # fmt: skip
    return estimates_table(
        [win_rates(make_battles(drawn(codes, 12)), rounds=300), mean_scores(scores, rounds=300)]
    ).to_pandas()


def build(estimates: pd.DataFrame) -> tuple[str, dict[str, bytes]]:
    files: dict[str, bytes] = {}
    figures = []
    for chart in charts(estimates, chance={"names": 0.25}):
        drawings = {f"{chart.name}.{kind}": render(chart.draw().figure, kind) for kind in FORMATS}
        files |= drawings
        figures.append(Figure(chart.title, (drawings[f"{chart.name}.svg"],), tuple(sorted(drawings))))
    for section in sections(estimates):
        files[f"{section.task}-{section.metric}.md"] = markdown(language_table(section)).encode()
    content = PageContent("t", "0.1.0", (), (), (), estimates, tuple(figures))
    return page(content), files


def test_two_builds_are_the_same_to_the_byte(estimates: pd.DataFrame) -> None:
    first, second = build(estimates), build(estimates.sample(frac=1, random_state=1))
    assert first[1].keys() == second[1].keys()
    for name, content in first[1].items():
        assert content == second[1][name], name
    assert first[1].keys() == {
        *(f"win-rate-mini-rules-new-old.{kind}" for kind in FORMATS),
        *(f"win-tie-loss-mini-rules-new-old.{kind}" for kind in FORMATS),
        *(f"accuracy-names.{kind}" for kind in FORMATS),
        "mini-win_rate.md",
        "names-accuracy.md",
    }
    assert build(estimates)[0] == first[0]


def test_page_figures_and_tables_tell_the_same_numbers(estimates: pd.DataFrame) -> None:
    html, files = build(estimates)
    table = language_table(next(sections(estimates)))
    read = re.sub(r"</?span[^>]*>", "", html)
    for cell in table["new"]:
        assert f'<td class="number">{cell}</td>' in read
    embedded = [base64.b64decode(found) for found in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)]
    assert sorted(embedded) == sorted(content for name, content in files.items() if name.endswith(".svg"))
    macro = estimates[(estimates["level"] == "macro") & estimates["baseline"].notna()].iloc[0]
    value, low, high = (f"{100 * macro[name]:.1f}" for name in ("value", "low", "high"))
    assert f"win rate of {value}%" in html or f"win rate is {value}%" in html
    assert f"(95% interval {low}–{high}%" in html


@pytest.mark.parametrize("group", list(GOLDEN))
def test_numbers_stay_as_they_are(make_battles: Make, group: str) -> None:
    """Written down once from this very code: a change of generator, grid or rule would show here."""
    pattern = [1.0, 0.5, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    thai = [0.0, 1.0, 0.5, 0.0] * 5
    values = {"deu_Latn": [round(v) for v in pattern] * 2, "swh_Latn": pattern[::-1] * 2, "tha_Thai": thai}
    found = win_rates(make_battles(values), rounds=1000, seed=7)
    row = found[found["group"] == group].iloc[0]
    value, error, low, high, method, n, clusters = GOLDEN[group]
    assert (row["method"], row["n"], row["n_clusters"]) == (method, n, clusters)
    assert (row["value"], row["standard_error"]) == pytest.approx((value, error), abs=1e-9)
    assert (row["low"], row["high"]) == pytest.approx((low, high), abs=1e-7)
