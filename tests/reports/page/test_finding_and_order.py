"""What a reader meets first: the finding with its interval, the main figure, what was compared; then the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from polyarena.reports.page import Figure, JudgeInfo, PageContent, SystemInfo, Table, page
from polyarena.reports.page.headlines import finding
from polyarena.reports.page.render import csp_hash
from polyarena.reports.stats import rank, win_rates
from polyarena.reports.tables import sections

Make = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def round_robin(make_battles: Make, drawn: Any) -> pd.DataFrame:
    """Four systems against one baseline: two far ahead and alike, two behind."""
    shifts = {"zeta": 1.5, "eta": 1.5, "alpha": -1.0, "beta": -1.0}
    return pd.concat(
        [make_battles(drawn(["deu_Latn"], 60, k, shift), candidate=name)
         for k, (name, shift) in enumerate(shifts.items())]
    )  # fmt: skip


@pytest.fixture(scope="module")
def ranking(round_robin: pd.DataFrame) -> pd.DataFrame:
    found = rank(round_robin, rounds=100)
    return found[found["level"] == "macro"]


@pytest.fixture(scope="module")
def content(round_robin: pd.DataFrame, ranking: pd.DataFrame) -> PageContent:
    names = ("alpha", "beta", "eta", "zeta")
    return PageContent(
        "Four systems",
        "0.1.0",
        (*(SystemInfo(name, "candidate", "a model") for name in names), SystemInfo("old", "baseline", "a model")),
        (),
        (JudgeInfo("rules", "Looks at language.", "judge:rules@1", findings=("It often ties.",)),),
        win_rates(round_robin, rounds=100),
        figures=(
            Figure("Ranks", (b"<svg/>",), ("figures/r.pdf",), "Lines: ranks."),
            Figure("Win rates", (b"<svg/>", b"<svg/>"), ("figures/w.caption.txt",)),
        ),
        notes=("A note.",),
        warnings=("Many answers were cut off.",),
        tables=(Table("Ranking", ("System", "Rank"), (("zeta", "1"),)),),
        rankings={("rules", "mini"): ranking},
        language_tables=(Table("Off-target language by language", ("Task", "x"), (("mini", "1"),)),),
        costs=Table("Requests and cost", ("Judge", "Cost"), (("rules", "–"),)),
        support=Table("Support matrix", ("Language", "old"), (("German", "yes"),)),
        rounds=100,
        items="items.html",
    )


def test_of_several_systems_the_ranking_is_the_finding(round_robin: pd.DataFrame, ranking: pd.DataFrame) -> None:
    found = finding(list(sections(win_rates(round_robin, rounds=50))), {("rules", "mini"): ranking})
    assert found is not None
    best = ranking.sort_values("rank").iloc[0]
    assert best["system"] in ("zeta", "eta")
    assert found.claim.startswith(
        f"Of 5 systems on mini, judged by rules, {best['system']} ranks first (95% rank interval"
    )
    assert found.outcome == "ranking"
    assert "cannot be told from it" in found.claim
    assert f"Its win rate against old is {100 * best['win_rate']:.1f}% (95% interval " in found.details[0]
    assert "groups" in found.details[1]


def test_a_single_winner_is_ahead_of_all_others(ranking: pd.DataFrame) -> None:
    best = ranking.sort_values("rank").iloc[0]["system"]
    clear = ranking.assign(tie_group=[1 if name == best else 2 for name in ranking["system"]])
    found = finding([], {("rules", "mini"): clear})
    assert found is not None
    assert found.claim.endswith("ahead of all others.")
    assert found.outcome == "ranking"


def test_without_a_ranking_the_comparison_comes_before_scores(
    win_estimates: pd.DataFrame, score_estimates: pd.DataFrame
) -> None:
    found = finding(list(sections(pd.concat([score_estimates, win_estimates]))), {})
    assert found is not None
    assert "win rate" in found.claim
    scores = finding(list(sections(score_estimates)), {})
    assert scores is not None
    assert scores.claim.startswith("accuracy on names")
    assert finding([], {}) is None
    assert finding([], {("a", "b"): pd.DataFrame({"rank": [1.0], "system": ["x"]})}) is None


def test_the_order_is_the_readers(content: PageContent) -> None:
    html = page(content)
    marks = (
        "Many answers were cut off.",
        "ranks first",
        "Lines: ranks.",
        "What was compared",
        "Warnings and notes",
        "Contents",
        '<section id="results">',
        '<section id="summary-1">',
        '<section id="figures">',
        '<section id="tables">',
        '<section id="support">',
        '<section id="judges">',
        '<section id="answers">',
        '<section id="costs">',
        '<section id="methods">',
        '<section id="run">',
        '<section id="reproduce">',
        '<section id="reading">',
        '<section id="signatures">',
    )
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_main_figure_is_shown_and_the_others_follow(content: PageContent) -> None:
    html = page(content)
    first, rest = html.split('<section id="figures">')
    assert first.count("<img ") == 1
    assert rest.count("<img ") == 2
    assert ", part 2; the numbers" in rest
    assert ">TXT</a>" in rest


def test_what_was_compared_in_a_few_lines(content: PageContent) -> None:
    text = re.sub(r"<[^>]+>|\s+", " ", page(content))
    text = re.sub(r" +", " ", text)
    assert "Systems alpha, beta, eta, zeta Baseline old Language German Items per language 60 Judge rules" in text
    assert 'href="items.html"' in page(content)


def test_one_language_has_no_tables_of_groups(content: PageContent) -> None:
    assert 'id="tiers"' not in page(content)


def test_the_policy_allows_the_style_and_nothing_else(content: PageContent) -> None:
    html = page(content)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert csp_hash(style) in policy
    assert policy.startswith("default-src 'none';")
    assert "script" not in policy
    assert " style=" not in html


def test_the_ranking_is_not_closed(content: PageContent) -> None:
    """Also with many systems: it is what such a page is about."""
    rows = tuple((f"s{i}", str(i)) for i in range(60))
    html = page(PageContent(**{**vars(content), "tables": (Table("Ranking", ("System", "Rank"), rows),)}))
    assert "60 rows" not in html
