"""The page of a run with many tasks: contents, groups, figures and tables that open when asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser

import pandas as pd
import pytest

from polyarena.reports.flags import Flag, add_flags
from polyarena.reports.page import Figure, PageContent, Table, page
from polyarena.reports.page.render import MOST_EMBEDDED, MOST_OPEN, MOST_ROWS
from polyarena.reports.page.views import category_views, language_view, level_views
from polyarena.reports.stats import estimates_table, mean_scores, win_rates
from polyarena.reports.stats.categories import category_scores
from polyarena.reports.stats.templates import template_scores
from polyarena.reports.tables import sections

Make = Callable[..., pd.DataFrame]
FAMILIES = {"nli": ("nli", "plain"), "nli.claim": ("nli", "claim")}


def content(estimates: pd.DataFrame, **more: object) -> PageContent:
    return PageContent("Many", "0.1.0", (), (), (), estimates, **more)  # type: ignore[arg-type]


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def many(make_scores: Make) -> pd.DataFrame:
    tasks = [f"task{i}" for i in range(MOST_OPEN + 1)] + list(FAMILIES)
    scores = pd.concat([make_scores({"deu_Latn": [1, 0, 1, 1] * 5, "xyz_Latn": [0, 1] * 10}, task=t) for t in tasks])
    scores["category"] = ["odd", "even"] * (len(scores) // 2)
    scores.loc[scores["task"] != "task0", "category"] = None
    frames = [
        mean_scores(scores, rounds=50),
        template_scores(scores, FAMILIES, rounds=50),
        category_scores(scores, rounds=50),
    ]
    return estimates_table(frames).to_pandas()


class Links(HTMLParser):
    """Collects what links point at, and what can be pointed at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.aims: set[str] = set()
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if (found.get("href") or "").startswith("#"):
            self.aims.add((found["href"] or "")[1:])
        if "id" in found:
            self.ids.append(found["id"] or "")


def test_each_task_can_be_reached_from_the_contents(many: pd.DataFrame) -> None:
    html = page(content(many, tables=(Table("Ranks", ("system", "rank"), (("new", "1"),)),)))
    links = Links(html)
    assert len(links.ids) == len(set(links.ids))
    assert links.aims <= set(links.ids)
    assert {"tiers", "categories", "tables", "run", "reading", "signatures", "summary-1"} <= links.aims
    contents = text_of(html[html.index("<nav") : html.index("</nav>")])
    assert "nli , task0 , task1" in contents
    assert "nli.claim" not in contents


@pytest.mark.parametrize("more", [0, 2])
def test_many_comparisons_are_counted_and_closed(make_battles: Make, more: int) -> None:
    scores = {"better": [1.0] * 20, "worse": [0.0] * 20}
    names = [f"{'better' if i else 'worse'}-{i}" for i in range(MOST_OPEN + more)]
    battles = [make_battles({"deu_Latn": scores[name.split("-")[0]]}, candidate=name) for name in names]
    html = page(content(win_rates(pd.concat(battles), rounds=50)))
    assert html.count("does better than") == MOST_OPEN + more - 1
    summary = f"Comparisons: {MOST_OPEN + more - 1}; better {MOST_OPEN + more - 2}, worse 1"
    assert (summary in text_of(html)) == bool(more)


def test_many_tables_and_scores_are_closed(many: pd.DataFrame, score_estimates: pd.DataFrame) -> None:
    html = page(content(many))
    assert f"Scores on average: {MOST_OPEN + 1} tasks and metrics" in text_of(html)
    assert '<details id="table-1">' in html
    few = page(content(score_estimates))
    assert "Scores on average" not in few
    assert '<h3 id="table-1">' in few


def test_single_templates_stand_apart(many: pd.DataFrame) -> None:
    html = page(content(many))
    before, after = html.split("Single prompt templates")
    assert "accuracy (median of 2 templates) on nli" in before
    assert "accuracy on nli.claim" not in before
    assert "accuracy on nli.claim" in after
    assert "{65.0 to 65.0}" not in text_of(html[html.index('id="tiers"') : html.index('id="tables"')])


def test_many_figures_are_closed_and_few_are_not(many: pd.DataFrame) -> None:
    figure = Figure("a chart", (b"<svg/>",), ("figures/a.pdf", "figures/a.svg"))
    closed = page(content(many, figures=(figure,) * (MOST_OPEN + 1)))
    assert closed.count("<details><summary>a chart</summary>") == MOST_OPEN
    assert "<summary>a chart</summary>" not in page(content(many, figures=(figure,)))


def test_figures_too_large_for_one_page_are_read_from_beside_it(many: pd.DataFrame) -> None:
    large = Figure("a chart", (b"<svg>" + b" " * MOST_EMBEDDED,), ("figures/a.svg", "figures/a.pdf"))
    html = page(content(many, figures=(large,)))
    assert '<img src="figures/a.svg" loading="lazy"' in html
    assert len(html) < MOST_EMBEDDED
    alone = page(content(many, figures=(Figure("a chart", large.images),)))
    assert "data:image/svg+xml;base64," in alone


def test_groups_have_a_heading_for_each_task(many: pd.DataFrame) -> None:
    parts = list(sections(many))
    (tiers,) = level_views(parts)
    assert tiers.id == "tiers"
    assert tiers.columns == ("All languages", "High-resource", "Mid-resource", "Low-resource")
    headings = [heading for heading, _ in tiers.parts]
    assert headings == ["accuracy (median of 2 templates) on nli (%)"] + [
        f"accuracy on task{i} (%)" for i in range(MOST_OPEN + 1)
    ]
    (categories,) = category_views(parts)
    assert categories.columns == ("All items", "even", "odd")
    assert [heading for heading, _ in categories.parts] == ["accuracy on task0 (%)"]


def test_without_estimates_there_are_no_groups() -> None:
    assert level_views([]) == []
    assert category_views([]) == []


def test_a_heading_without_numbers_is_only_a_heading(many: pd.DataFrame) -> None:
    table = language_view(next(sections(many)), "t")
    other = next(line for line in table.lines if line.title == "Other languages")
    assert (other.cells, other.n) == (("",), "")
    assert table.languages == 2


def test_flags_are_explained_wherever_they_stand(many: pd.DataFrame) -> None:
    flag = Flag("task1", "deu_Latn", "accuracy", "doubtful", "for <b>no</b> reason")
    html = page(content(add_flags(many, [flag])))
    assert "‡ German: doubtful: for &lt;b&gt;no&lt;/b&gt; reason." in html
    assert "‡ accuracy on task1: doubtful in 1 of 2 languages: for &lt;b&gt;no&lt;/b&gt; reason." in html
    assert "<b>no</b>" not in html
    assert "‡" not in text_of(page(content(many))).replace("‡: the metric", "")


def test_further_tables_are_shown_as_they_are(many: pd.DataFrame) -> None:
    rows = tuple((f"<i>{i}", "x", f"{i}.0") for i in range(MOST_ROWS + 1))
    tables = (
        Table("Ranking", ("system", "task", "rating"), rows[:2], texts=2, notes=("One <b>note</b>.",)),
        Table("Long", ("system", "task", "rating"), rows, texts=2),
    )
    html = page(content(many, tables=tables))
    assert "<h2>Ranking</h2>" in html
    assert '<td class="number"><bdi>1.0</bdi></td>' in html
    assert "<td><bdi>x</bdi></td>" in html
    assert f"&lt;i&gt;{MOST_ROWS}" in html
    assert "One &lt;b&gt;note&lt;/b&gt;." in html
    assert html.count(f"<details><summary>{MOST_ROWS + 1} rows</summary>") == 1
