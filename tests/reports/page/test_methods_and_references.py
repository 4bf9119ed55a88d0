"""The methods paragraph, references, licences and the support matrix."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from polyarena.reports.page import JudgeInfo, Licence, PageContent, Reproduction, SystemInfo, page
from polyarena.reports.page import TaskInfo as Used
from polyarena.reports.page.methods import methods_sentences
from polyarena.reports.page.references import cited, references
from polyarena.reports.page.support_matrix import has_gaps, support_matrix
from polyarena.tasks.registry import find_task, installed_tasks


@pytest.fixture
def content(win_estimates: pd.DataFrame) -> PageContent:
    card = find_task("xcopa").card
    return PageContent(
        "x",
        "0.1.0",
        (SystemInfo("new", "candidate", ""), SystemInfo("old", "baseline", "")),
        (Used(card, limit=40),),
        (JudgeInfo("rules", "rules: looks at the script.", "judge:rules@1", repeats=3),),
        win_estimates.assign(task="xcopa"),
        licences=(Licence("task", "xcopa", "CC-BY-4.0", "cambridgeltl/xcopa"), Licence("model", "new", "not recorded")),
        reproduction=Reproduction(("polyarena run experiment.yaml",), {"numpy": "2.4"}, "abc123"),
        identifier="fasttext:lid.176",
        rounds=500,
        seed=7,
    )


def test_methods_are_sentences_with_every_setting(content: PageContent) -> None:
    text = " ".join(methods_sentences(content))
    card = content.tasks[0].card
    for said in (
        "We evaluated new and old on 1 task in 23 languages with polyarena 0.1.0.",
        f"version {card.version}; {card.dataset.id}, revision {card.dataset.revision}, split {card.dataset.split}",
        "in 23 languages with 40 items each, limited to 40 items a language (spread over the data",
        "The judge rules compared each pair of answers in both orders, 3 times in each (looks at the script).",
        "a win counting 1, a tie one half and a loss 0",
        "95% ",
        "with 500 rounds (seed 7)",
        "identified with fasttext lid.176",
    ):
        assert said in text
    assert "Bradley-Terry" not in text
    assert re.fullmatch(r"(?:[A-Zm].*?\. ?)+", text)


def test_an_empty_run_has_no_methods(content: PageContent) -> None:
    assert methods_sentences(replace(content, estimates=content.estimates.head(0))) == []


def test_a_ranking_is_described_and_cited(content: PageContent) -> None:
    ranked = replace(content, rankings={("rules", "xcopa"): pd.DataFrame({"rank": []})})
    assert "Bradley-Terry model" in " ".join(methods_sentences(ranked))
    assert "@article{bradley1952rank" in references(ranked)
    assert "bradley1952rank" not in references(content)


def test_references_name_the_task_and_the_methods(content: PageContent) -> None:
    text = references(content)
    assert "@misc{ponti2020xcopa" in text
    assert "eprint = {2005.00333}" in text
    assert "author = {Ponti and others}" in text
    keys = re.findall(r"@\w+\{([^,]+),", text)
    assert keys == sorted(set(keys))
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize(
    ("citation", "keys"),
    [
        ("Ponti et al. 2020, XCOPA, arXiv 2005.00333", ["ponti2020xcopa"]),
        ("A et al. 2021, X-Y, arXiv 2101.00001; B and C 2022, arXiv 2202.00002", ["a2021xy", "b2022"]),
        ("Unicode Common Locale Data Repository, https://cldr.unicode.org", ["unicodecommonlocaledatarepositor"]),
        ("", []),
    ],
)
def test_citations_of_cards_become_entries(citation: str, keys: list[str]) -> None:
    assert [entry.key for entry in cited(citation)] == keys


def test_every_citation_of_a_card_can_be_parsed() -> None:
    for task in installed_tasks()[0]:
        for entry in cited(task.card.citation):
            assert re.fullmatch(r"[a-z0-9]+", entry.key), task.card.citation
            assert entry.bibtex().count("{") == entry.bibtex().count("}")


def test_specials_of_latex_are_escaped() -> None:
    (entry,) = cited("Smith & Co et al. 2020, 100% of_it {x}, arXiv 2005.00333")
    assert r"100\% of\_it \{x\}" in entry.bibtex()
    assert r"Smith \& Co and others" in entry.bibtex()


def test_licences_and_reproduction_are_on_the_page(content: PageContent) -> None:
    html = page(content)
    assert '<section id="licences">' in html
    assert "<bdi>CC-BY-4.0</bdi>" in html
    assert "polyarena run experiment.yaml" in html
    assert "<code>abc123</code>" in html
    assert "<bdi>numpy 2.4</bdi>" in html


def test_the_support_matrix_is_a_matrix() -> None:
    asked = {"a": {"deu_Latn", "fra_Latn"}, "b": {"deu_Latn"}}
    table = support_matrix(["a", "b"], asked, [("b", "fra_Latn")])
    assert has_gaps(table)
    assert table.columns == ("Language", "a", "b")
    assert table.rows == (("All", "2", "1"), ("French", "yes", "no"), ("German", "yes", "yes"))
    assert not has_gaps(support_matrix(["a"], asked, []))
    assert not has_gaps(support_matrix([], {}, []))
    (_, french, _) = support_matrix(["a", "b"], asked, []).rows
    assert french == ("French", "yes", "–")
